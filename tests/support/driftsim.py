"""The quickstart, live and watched, in the simulated cluster: what tests of drift have in common."""

from typing import Any

from sluice_operator.model import Key
from support.quickstart import Stages, deployment_spec, quickstart
from support.simapi import Raw
from support.simcluster import NAMESPACE, SimCluster

EVERY = 1200
LIVE = Key(NAMESPACE, "Deployment", "live")


def watched(stages: Stages | None = None, gate: Raw | None = None, **drift: Any) -> SimCluster:
    """A live quickstart whose model is watched."""
    cluster = quickstart(stages, gate)
    cluster.add("Deployment", "live", deployment_spec(drift={"everySeconds": EVERY, **drift}))
    cluster.settle()
    return cluster


def tick(cluster: SimCluster, number: int = 1) -> None:
    """Let intervals pass, each with its check."""
    for _ in range(number):
        cluster.sleep(EVERY)
        cluster.settle(rounds=12)


def records(cluster: SimCluster, kind: str = "drift") -> list[Raw]:
    """Records of a kind, drift checks in their order."""
    found = [r["data"] for r in cluster.of("ControllerRevision") if r["data"].get("record") == kind]
    return sorted(found, key=lambda r: (r.get("transition", 0), r.get("tick", 0)))


def results(cluster: SimCluster) -> list[tuple[int, str]]:
    """Number and result of every check that is kept."""
    return [(r["tick"], r["result"]) for r in records(cluster)]


def condition(cluster: SimCluster) -> Raw:
    """The condition Drifted."""
    found = cluster.objects["Deployment", "live"]["status"]["conditions"]
    return next(dict(c) for c in found if c["type"] == "Drifted")


def drifted(cluster: SimCluster) -> tuple[str, str]:
    """Status and reason of the condition Drifted."""
    return condition(cluster)["status"], condition(cluster)["reason"]


def jobs_of_checks(cluster: SimCluster) -> list[Raw]:
    """Jobs of drift checks."""
    names = ("live-evaluate-", "live-judge-")
    return [j for j in cluster.of("Job") if j["metadata"]["name"].startswith(names)]


def asked(stages: Stages, stage: str) -> list[Raw]:
    """Requests of drift checks that a stage answered."""
    return [e.request for e in stages.asked if e.stage == stage and e.request.get("identity")]


def live_slot(cluster: SimCluster) -> str:
    """The slot that clients reach."""
    return str(cluster.objects["Service", "live"]["spec"]["selector"]["sluice.dev/slot"])
