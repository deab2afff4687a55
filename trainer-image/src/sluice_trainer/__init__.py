"""Sluice's trainer: the stages that run as Jobs.

Layers, top to bottom: `__main__`, `attempt` -> `stages` -> `evals`, `export`, `preflight` -> `training`,
`chat`, `data` -> `lock`, `endpoint` -> `report`, `context` -> `sluice_store`, `sluice_api`.
It never imports the operator.
"""
