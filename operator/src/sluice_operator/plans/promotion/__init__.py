"""Promotion, repair and going back: a table of rows, one write per pass, first match wins.

`rows` is the table, `choice` what should be live, `candidate` how it gets ready, `switch` how traffic moves,
`chain` the audit records, `scene` what all of them look at. The rules were model-checked; change one only
with a test that drives the whole planner.
"""
