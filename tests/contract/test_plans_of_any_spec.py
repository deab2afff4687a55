"""A plan comes to rest for any spec that the schema admits, and says how each object stands."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sluice_api.kinds import KINDS
from sluice_api.meta import API_VERSION
from sluice_plugin.plan import settings
from sluice_plugin.plan.check import Document, check
from sluice_plugin.plan.files import Manifest
from sluice_plugin.plan.planned import plan_for
from sluice_plugin.plan.world import World
from support.quickstart import LABELS, deployment_spec, gate_spec, pack_spec, run_spec
from support.randomspecs import samples

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATH: dict[str, tuple[str, dict[str, Any]]] = {
    "train": ("DatasetPack", pack_spec("train")),
    "gold": ("DatasetPack", pack_spec("gold", "Evaluation")),
    "good": ("TrainingRun", run_spec(1)),
    "gate": ("EvalGate", gate_spec()),
    "live": ("Deployment", deployment_spec()),
}


def checked(kind: str, name: str, spec: dict[str, Any]) -> Document | None:
    metadata = {"name": name, "labels": LABELS}
    body = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    found = check(Manifest("file", body), "team")
    return found if isinstance(found, Document) else None


@pytest.mark.parametrize("kind", KINDS)
def test_any_valid_spec_has_a_plan(kind: str) -> None:
    name = next(name for name, (known, _) in PATH.items() if known == kind)
    others = [checked(known, other, spec) for other, (known, spec) in PATH.items() if other != name]
    planned = 0
    for sample in samples(kind, 24, seed=7):
        mine = checked(kind, name, sample.spec)
        if mine is None:
            continue
        documents = [d for d in (mine, *others) if d is not None]
        found, at_rest = plan_for(World(settings.defaults(documents).settings, NOW), documents)
        assert at_rest, sample.spec
        assert all(one.steps[-1].action in ("ready", "wait", "stalled", "held") for one in found)
        planned += 1
    assert planned >= 3
