"""Sluice's trainer: the stages that run as Jobs.

Layers, top to bottom: `__main__`, `attempt` -> `stages` -> `evals`, `export`, `preflight` -> `training`,
`chat`, `data` -> `endpoint`, `store`, `report`, `context`, `errors` -> `sluice_api`. Never the operator.
"""
