"""What is measured, in order: reaction among few objects, memory and reaction among many, and restarts there.

The arms take turns, so that a machine that gets slower does so for all of them.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from bench.operators.arms import PEER_RUNS, Arm, Floor, Ours, Peer, job_like
from bench.operators.figures import Figure, quantile
from bench.operators.jobwatch import JobWatch
from bench.operators.processes import ExecutedOperator, ExecutedPeer, memory_of
from bench.operators.room import OBJECTS, Room
from sluice_localcluster import ControlPlane
from sluice_localcluster.probe import wait_until
from sluice_operator.kinds import WATCHED
from support.kubeapi import KubeApi
from support.operator_process import OPERATOR
from support.quickstart import SETTINGS

PAUSE_SECONDS = 0.2
"""Between two samples: what follows from one must not fall into the next."""
SETTLE_SECONDS = 600.0
SERVED_SECONDS = 60.0
QUIET_POLLS = 10
P50_MS, P99_MS, MEMORY_MIB, RESTART_SECONDS = 150.0, 1000.0, 200.0, 5.0
Samples = Mapping[str, Sequence[float]]
"""By the name of the arm."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    teams: tuple[int, ...] = (10, 100)
    """Teams of ten objects: reaction is judged among the first number of them, the rest among the last."""
    samples: int = 200
    starts: int = 5
    resyncs: int = 2
    """Full lists of our operator before its memory is read."""


@dataclass
class Bench:
    """A control plane with everything on it."""

    plane: ControlPlane
    folder: Path
    sizes: Sizes
    namespaces: tuple[str, ...] = ()
    """Where our operator works; empty: everywhere."""
    samples: dict[str, Samples] = field(default_factory=dict)
    """All that was measured, by figure."""
    _names: Iterator[int] = field(default_factory=count)

    def run(self) -> list[Figure]:
        """Measure everything."""
        sizes, figures = self.sizes, list[Figure]()
        self.plane.kubectl("create", "-f", str(Path(__file__).with_name("peerrun.yaml")))
        api = KubeApi(self.plane)
        for path in (WATCHED["Deployment"].path(None), PEER_RUNS):
            wait_until(f"{path} to be served", partial(_is_served, api, path), SERVED_SECONDS)
        self._room = Room.make(api)
        self._ours = self._operator()
        self._peer = ExecutedPeer(self.folder, self.plane.kubeconfig_for(OPERATOR), self._room.space.name)
        try:
            for teams in sizes.teams:
                self._fill(teams)
                figures += self._reaction()
            figures += [*self._memory(), *self._restarts()]
        finally:
            self._stop()
        return figures

    def _operator(self) -> ExecutedOperator:
        own = {"operatorNamespace": self._room.space.name, "watchNamespaces": list(self.namespaces)}
        settings = SETTINGS.dump() | own
        return ExecutedOperator(self.folder, self.plane.kubeconfig_for(OPERATOR), settings)

    def _stop(self) -> None:
        self._peer.stop()
        self._ours.__exit__(None, None, None)

    def _fill(self, teams: int) -> None:
        """Let that many teams in while nobody looks, start both operators, and wait until they rest."""
        self._stop()
        self._room.furnish(teams)
        self._room.serve()
        self._ours.start()
        wait_until("our operator to rest", _quiet(self._ours.is_idle), SETTLE_SECONDS)
        self._room.check_rest()
        self._arms = self._make_arms()
        self._arms[1].furnish(self._room.objects)
        self._peer.start()
        wait_until("the peer to rest", _quiet(self._arms[1].is_settled), SETTLE_SECONDS)

    def _make_arms(self) -> tuple[Ours, Peer, Floor]:
        """Our first Job shows how large the Jobs of the others should be."""
        space, name = self._room.space, self._name("model")
        ours = Ours(space)
        ours.apply(name)
        space.wait("a first Job", lambda: bool(space.list("Job")))
        job = job_like(space.list("Job")[0])
        ours.drop(name)
        space.wait("no Job", lambda: not space.list("Job"))
        return ours, Peer(space, job), Floor(space, job)

    def _reaction(self) -> Iterator[Figure]:
        found: dict[str, list[float]] = {arm.name: [] for arm in self._arms}
        with JobWatch(self._room.space.api, self._room.space.name) as watch:
            for _ in range(self.sizes.samples):
                for arm in self._arms:
                    found[arm.name].append(1000 * self._react(arm, watch))
        objects = self._room.objects
        self.samples[f"reaction_ms_{objects}"] = found
        is_judged = objects == self.sizes.teams[0] * OBJECTS
        for share, target in ((0.5, P50_MS), (0.99, P99_MS)):
            told = {name: quantile(values, share) for name, values in found.items()}
            name = f"applied to Job, p{share * 100:.0f}, {objects} objects"
            yield Figure(name, "ms", **told, target=target if is_judged else None)

    def _react(self, arm: Arm, watch: JobWatch) -> float:
        name = self._name(arm.name)
        started = time.perf_counter()
        arm.apply(name)
        seconds = watch.wait(f"{name}-") - started
        time.sleep(PAUSE_SECONDS)
        arm.drop(name)
        time.sleep(PAUSE_SECONDS)
        return seconds

    def _memory(self) -> Iterator[Figure]:
        wait_until("lists", lambda: self._ours.metric("sluice_resyncs_total") >= self.sizes.resyncs, 120)
        ours, peer = memory_of(self._ours.pid), memory_of(self._peer.pid)
        where = f"{self._room.objects} objects"
        yield Figure(f"RSS, {where}", "MiB", ours.resident, peer.resident, target=MEMORY_MIB)
        yield Figure(f"PSS, {where}", "MiB", ours.proportional, peer.proportional)
        yield Figure(f"largest RSS, {where}", "MiB", ours.peak, peer.peak)

    def _restarts(self) -> Iterator[Figure]:
        self._stop()
        ours, peer, _ = self._arms
        found: dict[str, list[float]] = {"ours": [], "peer": []}
        with JobWatch(self._room.space.api, self._room.space.name) as watch:
            for _ in range(self.sizes.starts):
                found["ours"].append(self._restart(ours, self._ours, watch))
                found["peer"].append(self._restart(peer, self._peer, watch))
        where = f"{self._room.objects} objects"
        self.samples[f"restart_seconds_{self._room.objects}"] = found
        for name, pick in (("median", statistics.median), ("worst", max)):
            told = {arm: pick(values) for arm, values in found.items()}
            yield Figure(f"exec to first Job, {name}, {where}", "s", **told, target=RESTART_SECONDS)

    def _restart(self, arm: Arm, process: ExecutedOperator | ExecutedPeer, watch: JobWatch) -> float:
        """From exec to the Job of an object that was applied while nobody looked."""
        name = self._name(arm.name)
        arm.apply(name)
        started = time.perf_counter()
        process.start() if isinstance(process, ExecutedPeer) else process.start(wait=False)
        seconds = watch.wait(f"{name}-") - started
        arm.drop(name)
        time.sleep(PAUSE_SECONDS)
        process.stop()
        return seconds

    def _name(self, arm: str) -> str:
        return f"{arm}-{next(self._names):05d}"


def _is_served(api: KubeApi, path: str) -> bool:
    try:
        return api.call("GET", path).code == 200
    except ValueError:  # what is not served yet is told in plain text
        return False


def _quiet(rests: Callable[[], bool]) -> Callable[[], bool]:
    """Whether it rested each time that it was looked at lately."""
    seen: list[bool] = []

    def ask() -> bool:
        seen.append(rests())
        return len(seen) >= QUIET_POLLS and all(seen[-QUIET_POLLS:])

    return ask
