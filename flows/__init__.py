"""Who runs what, when, with which settings. The six stages read aloud in ``submit_claims``."""
