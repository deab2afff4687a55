"""Checks before a GPU is taken: small pure functions over facts, one module per kind of fact.

Every check is run and reported; the first blocked one refuses the run. To add one: a function that returns a
Check, a line in its module's table, and a test row just under and just over its threshold.
"""
