"""Contracts between operator and trainer: what a stage is asked, and what it answers.

`requests` holds one request per stage, `reports` one result per stage, `envelope` what surrounds both,
`manifests` the files that stages leave in the store. A new stage adds a model to each and a line to the
tables.
"""
