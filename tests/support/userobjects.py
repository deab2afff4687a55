"""One small, valid object of each kind, as a user writes it."""

import copy
from typing import Any

from sluice_api import meta

HEX = "0123456789abcdef" * 4

SPECS: dict[str, dict[str, Any]] = {
    "DatasetPack": {
        "sources": [{"name": "rows", "locator": "s3://bucket/team/rows.jsonl", "mapper": "ChatMessages"}]
    },
    "TrainingRun": {
        "datasetRef": {"name": "pack"},
        "baseModel": {"s3": {"uri": "s3://bucket/team/models/small"}},
    },
    "EvalGate": {
        "candidates": {"trainingRunRef": {"name": "run"}},
        "suites": [{"name": "gold", "datasetRef": {"name": "gold"}}],
        "criteria": [{"suite": "gold", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8"}],
    },
    "Deployment": {"gateRef": {"name": "gate"}},
}


def spec_of(kind: str, **changes: Any) -> dict[str, Any]:
    """A fresh copy of the small spec, with top-level fields set, or left out when None."""
    spec = copy.deepcopy(SPECS[kind]) | changes
    return {name: value for name, value in spec.items() if value is not None}


def object_of(kind: str, spec: dict[str, Any] | None = None, name: str = "example") -> dict[str, Any]:
    """A whole object."""
    return {
        "apiVersion": meta.API_VERSION,
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec_of(kind) if spec is None else spec,
    }
