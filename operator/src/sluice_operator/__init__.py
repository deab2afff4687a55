"""Sluice's operator: kopf wakes, `observe` gathers, pure planners decide, one adapter acts.

Layers, top to bottom: `__main__`, `handlers` -> `reconcile`, `observe`, `progress` -> `plans` -> `children`,
`facts` -> `model`, `settings`, `metrics`, `logs` -> `sluice_api`. Planners never do I/O; only
`adapters.cluster` imports the Kubernetes client.
"""
