"""Sluice's trainer: the stages that run as Jobs.

Layers, top to bottom: `__main__`, `attempt` -> `stages` -> `evals`, `export`, `preflight` -> `training`,
`chat`, `data` -> `models` -> `lock`, `endpoint` -> `report`, `context` -> `sluice_store`,
`sluice_model`, `sluice_api`.
It never imports the operator.
"""
