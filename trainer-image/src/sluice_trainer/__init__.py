"""Sluice's trainer: the stages that run as Jobs.

Layers, top to bottom: `__main__` -> `stages` -> `methods`, `evals`, `export`, `preflight` -> `training`, `chat`,
`data` -> `store`, `report`, `context`, `errors` -> `sluice_api`. Never imports the operator.
"""
