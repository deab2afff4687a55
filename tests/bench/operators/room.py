"""A namespace as it is after months of work: teams whose models were trained, judged and promoted.

Objects are made on the API server; their past is lived through in the simulation, under the very UIDs, and
what it left (records, slots, Services) is put beside them. The operator then finds nothing to do, and
`check_rest` sees to that.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sluice_operator import raw
from sluice_operator.kinds import RESOURCES, WATCHED, Kind
from support.kubeapi import KubeApi
from support.pod_driver import PodDriver
from support.quickstart import SETTINGS, Stages, deployment_spec, gate_spec, pack_spec, run_spec
from support.simcluster import NAMESPACE, SimCluster
from support.teamspace import Raw, Teamspace

PAST = timedelta(minutes=30)
SLOT_SECONDS = 600
SETTLE_ROUNDS = 300
RUNS = 6
OBJECTS = RUNS + 4
"""Objects of one team."""
LEFT: tuple[Kind, ...] = ("ControllerRevision", "AppsDeployment", "Service")
"""Kinds of what a past leaves when its Jobs were tidied away."""
_OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation")


@dataclass(frozen=True)
class Applied:
    """One object of ours, as the API server took it."""

    kind: Kind
    name: str
    spec: Raw
    labels: Mapping[str, str]
    uid: str = ""


def labels_of(team: int) -> dict[str, str]:
    """Labels by which a team's gate selects its runs."""
    return {"team": f"team-{team}"}


def team_objects(team: int) -> Iterator[Applied]:
    """What a team applied: two packs, runs, a gate, a Deployment."""
    train, gold = f"train-{team}", f"gold-{team}"
    yield Applied("DatasetPack", train, pack_spec(train), {})
    yield Applied("DatasetPack", gold, pack_spec(gold, "Evaluation"), {})
    for number in range(RUNS):
        yield Applied("TrainingRun", f"run-{team}-{number}", team_run(team, number), labels_of(team))
    candidates = {"selector": {"matchLabels": labels_of(team)}}
    suites = [{"name": "gold", "datasetRef": {"name": gold}}]
    yield Applied("EvalGate", f"gate-{team}", gate_spec(candidates=candidates, suites=suites), {})
    yield Applied("Deployment", f"live-{team}", deployment_spec(gateRef={"name": f"gate-{team}"}), {})


def team_run(team: int, seed: int) -> Raw:
    """A run of a team."""
    return {**run_spec(seed), "datasetRef": {"name": f"train-{team}"}}


def live_through(objects: Iterable[Applied]) -> list[tuple[Kind, Raw]]:
    """What is left of the objects' past, ready to be created."""
    stages = Stages()
    cluster = SimCluster(SETTINGS, stages)
    cluster.api.now = datetime.now(UTC) - PAST
    stages.clock = cluster.stamp
    for one in objects:
        cluster.add(one.kind, one.name, one.spec, one.labels)
        cluster.objects[one.kind, one.name]["metadata"]["uid"] = one.uid
    cluster.restart()
    cluster.settle(rounds=SETTLE_ROUNDS)
    return [(kind, bare(data)) for kind in LEFT for data in cluster.of(kind)]


def bare(data: Raw) -> Raw:
    """A manifest without what an API server adds."""
    meta = {k: v for k, v in data["metadata"].items() if k not in _OF_THE_SERVER}
    spec = {k: v for k, v in data.get("spec", {}).items() if k != "clusterIP"}
    rest = {k: v for k, v in data.items() if k not in ("metadata", "spec", "status")}
    return {**rest, "metadata": meta, **({"spec": spec} if spec else {})}


@dataclass
class Room:
    """The namespace, and how many teams live in it."""

    space: Teamspace
    teams: int = 0

    @classmethod
    def make(cls, api: KubeApi) -> "Room":
        """The namespace that the simulation knows."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        require(api.call("POST", "/api/v1/namespaces", body))
        return cls(Teamspace(api, NAMESPACE))

    @property
    def objects(self) -> int:
        """Objects of ours that are present."""
        return self.teams * OBJECTS

    def furnish(self, teams: int) -> None:
        """Let more teams in, until there are that many. No operator may run meanwhile."""
        applied = [self._apply(team) for team in range(self.teams, teams)]
        with ProcessPoolExecutor(2) as pool:
            for left in pool.map(live_through, applied):
                for kind, manifest in left:
                    require(self.space.api.call("POST", WATCHED[kind].path(NAMESPACE), manifest))
        self.teams = teams

    def serve(self) -> None:
        """Wait until the slots of all teams are available; who plays kubelet makes their Pods ready."""

        def available() -> bool:
            slots = self.space.list("AppsDeployment")
            return all(
                s["spec"]["replicas"] == s.get("status", {}).get("availableReplicas", 0) for s in slots
            )

        with PodDriver(self.space, lambda _: None):
            self.space.wait("available slots", available, SLOT_SECONDS)

    def check_rest(self) -> None:
        """Raise unless everything is ready and nothing is being done."""
        busy = [job["metadata"]["name"] for job in self.space.list("Job")]
        assert not busy, f"a furnished room is at rest, but has Jobs: {busy[:5]}"
        for kind in RESOURCES:
            unready = [x["metadata"]["name"] for x in self.space.list(kind) if not raw.holds(x, "Ready")]
            assert not unready, f"a furnished room is ready, but not these of {kind}: {unready[:5]}"

    def _apply(self, team: int) -> list[Applied]:
        return [self._applied(one) for one in team_objects(team)]

    def _applied(self, one: Applied) -> Applied:
        made = self.space.add(one.kind, one.name, one.spec, dict(one.labels))
        return Applied(one.kind, one.name, made["spec"], one.labels, made["metadata"]["uid"])


def require(answer: Any) -> Raw:
    """The body of a good answer."""
    assert 200 <= answer.code < 300, f"{answer.code}: {answer.message}"
    return dict(answer.body)
