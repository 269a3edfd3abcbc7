"""The shape of every table that crosses a stage: types, codes, ranges, keys. Judgement belongs to the pre-check."""
