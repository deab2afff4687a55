"""What the operator knows of a team whose one gate selects thousands of finished runs."""

import json
from datetime import UTC, datetime
from typing import Any

from sluice_api.hashing import digest_of
from sluice_operator.cache import Cache
from sluice_operator.kinds import WATCHED, Kind
from sluice_operator.model import Key, Observed, Plan
from sluice_operator.plans import PLANNERS
from sluice_operator.views import view_of
from support.quickstart import LABELS, SETTINGS, Stages, deployment_spec, gate_spec, pack_spec, run_spec
from support.simcluster import NAMESPACE, SimCluster

GATE = Key(NAMESPACE, "EvalGate", "gate")
LIVE = Key(NAMESPACE, "Deployment", "live")
OLD_TIME = "2025-01-01T00:00:00Z"
_FIRST_CLONE = 100_000
"""Versions of clones: above those of the story."""


class Crowd:
    """A cache with a live model, and so many older finished runs that the same gate selects."""

    def __init__(self, runs: int) -> None:
        self.cluster = _lived()
        self.cache = Cache()
        self._version = _FIRST_CLONE
        for kind in WATCHED:
            for data in self.cluster.of(kind):
                self.cache.put(kind, view_of(kind, data))
        model = [("TrainingRun", self.cluster.get("TrainingRun", "run"))]
        model += [("ControllerRevision", data) for data in self._records()]
        for number in range(runs):
            self._clone(number, model)  # type: ignore[arg-type]

    def observe(self, key: Key) -> Observed:
        """What a pass over the object sees."""
        world = self.cache.world(key)
        return Observed(world[key], world, SETTINGS, datetime.now(UTC), self.cache.finished(world))

    def plan(self, key: Key) -> Plan:
        """One pass, up to its writes."""
        return PLANNERS[key.kind](self.observe(key))

    def change(self, kind: Kind, name: str, **fields: Any) -> frozenset[Key]:
        """Give an object of the story other fields; returns whom that wakes."""
        found = self.cluster.get(kind, name)
        assert found is not None
        self._version += 1
        meta = found["metadata"] | {"resourceVersion": str(self._version)} | fields.pop("metadata", {})
        return self.cache.put(kind, view_of(kind, found | fields | {"metadata": meta}))

    def _records(self) -> list[dict[str, Any]]:
        owned = self.cluster.of("ControllerRevision")
        return [r for r in owned if r["metadata"]["ownerReferences"][0]["name"] == "run"]

    def _clone(self, number: int, model: list[tuple[Kind, dict[str, Any]]]) -> None:
        for kind, data in model:
            self._version += 1
            text = json.dumps(data)
            for old, new in _renamed(model, number).items():
                text = text.replace(old, new)
            made = json.loads(text)
            made["metadata"]["resourceVersion"] = str(self._version)
            if kind != "TrainingRun":
                made["metadata"]["uid"] += f"-{number}"
            self.cache.put(kind, view_of(kind, made))


def _lived() -> SimCluster:
    """A run that was trained, judged and promoted."""
    stages = Stages()
    cluster = SimCluster(SETTINGS, stages)
    stages.clock = cluster.stamp
    cluster.add("DatasetPack", "train", pack_spec("train"))
    cluster.add("DatasetPack", "gold", pack_spec("gold", "Evaluation"))
    cluster.add("TrainingRun", "run", run_spec(1), LABELS)
    cluster.add("EvalGate", GATE.name, gate_spec())
    cluster.add("Deployment", LIVE.name, deployment_spec())
    cluster.settle()
    return cluster


def _renamed(model: list[tuple[Kind, dict[str, Any]]], number: int) -> dict[str, str]:
    """Texts of the model that are others in a clone."""
    run = model[0][1]
    made = next(d["data"]["report"]["artifact"] for _, d in model[1:] if d["data"]["stage"] == "package")
    return {
        run["metadata"]["uid"]: f"uid-of-clone-{number}",
        made["digest"]: digest_of(["clone", number]),
        made["completedAt"]: OLD_TIME,
        '"run"': f'"clone-{number}"',
        '"run-': f'"clone-{number}-',
    }
