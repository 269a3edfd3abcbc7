"""One module per stage: open what is needed, call the core, hand on the result. Only batch ids travel."""
