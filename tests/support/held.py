"""Stages that answer only when a test lets them, and short looks at a simulated cluster."""

from dataclasses import dataclass, field

from sluice_api.contracts.envelope import Envelope
from sluice_operator.model import Key
from support.quickstart import Stages
from support.simapi import NAMESPACE, Raw
from support.simcluster import Answer, SimCluster


@dataclass
class HeldStages(Stages):
    """Pods of the held stages go on working."""

    held: set[str] = field(default_factory=set)
    failing: dict[str, Answer] = field(default_factory=dict)
    """Answers of stages, in the place of the good ones."""

    def __call__(self, envelope: Envelope) -> Answer | None:  # type: ignore[override]
        if envelope.stage in self.held:
            return None
        if envelope.stage in self.failing:
            self.asked.append(envelope)
            return self.failing[envelope.stage]
        return super().__call__(envelope)


def key(kind: str, name: str) -> Key:
    return Key(NAMESPACE, kind, name)  # type: ignore[arg-type]


def jobs(cluster: SimCluster, stage: str, *, active: bool = False) -> list[Raw]:
    found = [j for j in cluster.of("Job") if j["metadata"]["labels"]["sluice.dev/stage"] == stage]
    return [j for j in found if not (active and j.get("status", {}).get("conditions"))]


def stage_records(cluster: SimCluster, owner: str, stage: str) -> list[tuple[str, str]]:
    """Outcome and reason of the attempts of a stage, oldest first."""
    found = [
        r["data"]
        for r in cluster.of("ControllerRevision")
        if r["metadata"]["name"].startswith(f"{owner}-{stage}-")
    ]
    return [(r["outcome"], r["reason"]) for r in sorted(found, key=lambda r: r["counters"]["attempts"])]


def condition(cluster: SimCluster, kind: str, name: str, wanted: str) -> tuple[str, str]:
    found = cluster.objects[kind, name]["status"]["conditions"]
    return next((c["status"], c["reason"]) for c in found if c["type"] == wanted)


def message(cluster: SimCluster, kind: str, name: str, wanted: str = "Ready") -> str:
    found = cluster.objects[kind, name]["status"]["conditions"]
    return str(next(c["message"] for c in found if c["type"] == wanted))


def kstatus(cluster: SimCluster, kind: str, name: str) -> str:
    """How kstatus, and with it Flux and Helm, reads an object."""
    found = cluster.objects[kind, name]
    told = {c["type"]: c["status"] for c in found["status"]["conditions"]}
    if found["status"]["observedGeneration"] != found["metadata"]["generation"]:
        return "InProgress"
    if told["Reconciling"] == "True":
        return "InProgress"
    if told["Stalled"] == "True":
        return "Failed"
    return "Current" if told["Ready"] == "True" else "InProgress"
