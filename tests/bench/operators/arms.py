"""Three ways to a Job: our operator, the peer, and the client itself, which is the floor of any operator."""

from dataclasses import dataclass
from typing import Protocol

from bench.operators.room import labels_of, require, team_run
from sluice_operator.kinds import WATCHED
from support.teamspace import Raw, Teamspace

PEER_RUNS = "/apis/bench.sluice.dev/v1/peerruns"
_IN_NAMESPACE = "/apis/bench.sluice.dev/v1/namespaces/{}/peerruns"
HANDLED = "kopf.zalando.org/last-handled-configuration"
_IN_BACKGROUND = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}


class Arm(Protocol):
    """One way: something is applied, and a Job follows whose name begins with the thing's."""

    name: str

    def apply(self, name: str) -> None:
        """Apply the thing."""

    def drop(self, name: str) -> None:
        """Delete it, and with it its Job."""


@dataclass
class Ours:
    """A TrainingRun of a team, a candidate of its gate: its first Job prepares."""

    space: Teamspace
    name: str = "ours"
    seed: int = 1000

    def apply(self, name: str) -> None:
        self.seed += 1
        self.space.add("TrainingRun", name, team_run(0, self.seed), labels_of(0))

    def drop(self, name: str) -> None:
        self.space.delete("TrainingRun", name)


@dataclass
class Peer:
    """An object that holds the Job which the peer makes of it."""

    space: Teamspace
    job: Raw
    name: str = "peer"

    def apply(self, name: str) -> None:
        self._create(name, {"job": self.job})

    def furnish(self, count: int) -> None:
        """Objects that were handled long ago: as large as a run, and nothing follows from them."""
        for number in range(len(self._list()), count):
            self._create(f"peer-{number}", team_run(number, number))

    def is_settled(self) -> bool:
        """Whether the peer has handled them all."""
        return all(HANDLED in found["metadata"].get("annotations", {}) for found in self._list())

    def drop(self, name: str) -> None:
        path = f"{_IN_NAMESPACE.format(self.space.name)}/{name}"
        require(self.space.api.call("DELETE", path, _IN_BACKGROUND))

    def _list(self) -> list[Raw]:
        return list(require(self.space.api.call("GET", _IN_NAMESPACE.format(self.space.name)))["items"])

    def _create(self, name: str, spec: Raw) -> None:
        body = {"apiVersion": "bench.sluice.dev/v1", "kind": "PeerRun", "metadata": {"name": name}}
        require(self.space.api.call("POST", _IN_NAMESPACE.format(self.space.name), {**body, "spec": spec}))


@dataclass
class Floor:
    """The Job itself: one write and its news."""

    space: Teamspace
    job: Raw
    name: str = "floor"

    def apply(self, name: str) -> None:
        body = {**self.job, "metadata": {"name": f"{name}-job"}}
        require(self.space.api.call("POST", WATCHED["Job"].path(self.space.name), body))

    def drop(self, name: str) -> None:
        self.space.delete("Job", f"{name}-job")


def job_like(found: Raw) -> Raw:
    """A Job of the same size as one of ours, that nobody watches."""
    spec = {key: value for key, value in found["spec"].items() if key != "selector"}
    template = spec["template"]
    annotations = template["metadata"].get("annotations", {})
    spec["template"] = {"metadata": {"annotations": annotations}, "spec": template["spec"]}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": spec}
