"""A whole small cluster in memory: API server, nodes, one operator at work, and a clock that is set by hand.

For stories, properties and long random walks of planners; whole processes are tested on a real API server.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sluice_api import meta
from sluice_api.contracts.envelope import Envelope
from sluice_operator.cache import Cache
from sluice_operator.kinds import RESOURCES, Kind
from sluice_operator.model import Key, Observed, Plan
from sluice_operator.plans import PLANNERS
from sluice_operator.settings import Settings
from support.plaincopy import copied
from support.simapi import NAMESPACE, ApiServer, Change, Raw, merge
from support.simnode import Answer, SimNode
from support.simoperator import SimOperator

__all__ = ["NAMESPACE", "Answer", "SimCluster", "merge"]
PERSON = "person"
LEADER = "operator"


class SimCluster:
    """Objects by kind and name, a clock, and what stages answer."""

    def __init__(self, settings: Settings, answer: Callable[[Envelope], Answer | None]) -> None:
        self.settings = settings
        self.api = ApiServer()
        self.node = SimNode(self.api, answer)
        self.writes: list[tuple[str, str, str]] = []
        """Every write of the operator but statuses: verb, kind, name."""
        self.watch: Callable[[SimCluster], None] = lambda _: None
        """Called after each such write."""
        self.api.listeners.append(self._hear)
        self.operator = SimOperator(self.api, settings, LEADER)

    @property
    def now(self) -> datetime:
        """The time."""
        return self.api.now

    @property
    def objects(self) -> dict[tuple[str, str], Raw]:
        """Everything there is, by kind and name."""
        return self.api.objects

    @property
    def cache(self) -> Cache:
        """What the operator knows."""
        self.operator.deliver()
        return self.operator.cache

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self.api.version

    def _hear(self, change: Change) -> None:
        if change.actor == LEADER and change.verb != "status":
            self.writes.append((change.verb, change.kind, change.name))
            self.watch(self)

    # Objects

    def put(self, kind: Kind, data: Raw) -> Raw:
        """Create or replace an object by hand."""
        return self.api.put(kind, data, PERSON)

    def add(self, kind: Kind, name: str, spec: Raw, labels: Mapping[str, str] | None = None) -> Raw:
        """Apply one of our objects."""
        known = self.api.objects.get((kind, name))
        if known is not None:
            return self.put(kind, known | {"spec": copied(spec)})
        metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(labels or {})}
        body = {"apiVersion": meta.API_VERSION, "kind": kind, "metadata": metadata, "spec": copied(spec)}
        return self.put(kind, body | {"status": {}})

    def get(self, kind: Kind, name: str) -> Raw | None:
        """An object, or None."""
        return self.api.objects.get((kind, name))

    def of(self, kind: Kind) -> list[Raw]:
        """All objects of a kind."""
        return self.api.of(kind)

    def drop(self, kind: Kind, name: str) -> None:
        """Delete an object by hand and let the garbage collector finish."""
        gone = self.get(kind, name)
        if gone is None:
            return
        self.api.delete(kind, name, gone["metadata"]["uid"], "", PERSON)
        while self.api.collect():
            pass

    def stamp(self) -> str:
        """Time as the API writes it."""
        return self.api.stamp()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.api.sleep(seconds)

    def play(self) -> None:
        """Let the cluster's controllers and nodes work."""
        self.node.play()

    # The operator

    def observe(self, key: Key) -> Observed | None:
        """What the operator sees of an object."""
        self.operator.deliver()
        return self.operator.observe(key)

    def plan(self, key: Key) -> Plan | None:
        """The plan of an object as things stand."""
        observed = self.observe(key)
        return PLANNERS[key.kind](observed) if observed else None

    def own(self) -> list[Key]:
        """All our objects, in a stable order."""
        return sorted(Key(NAMESPACE, k, n) for k, n in self.api.objects if k in RESOURCES)  # type: ignore[arg-type]

    def reconcile(self, key: Key, crash_after: int | None = None) -> int:
        """One pass; `crash_after` lets the operator die after that many writes. Returns the writes done."""
        before = len(self.writes)
        self.operator.deliver()
        self.operator.begin(key)
        while key in self.operator.passes:
            if crash_after is not None and len(self.writes) - before >= crash_after:
                self.restart()
                break
            self.operator.advance(key)
        return len(self.writes) - before

    def restart(self) -> None:
        """Kill the operator and start it again."""
        self.operator.kill()
        self.operator = SimOperator(self.api, self.settings, LEADER)

    def offer(self, **profiles: Any) -> None:
        """The administrator offers other profiles, as `helm upgrade` does: the operator starts again."""
        self.settings = Settings.parse(self.settings.dump() | profiles)
        self.restart()

    def settle(self, rounds: int = 60, seconds: float = 2) -> None:
        """Reconcile and play until nothing changes any more and nothing is due soon."""
        for _ in range(rounds):
            before = self.version
            for key in self.own():
                self.reconcile(key)
            self.play()
            soon = self.api.elapsed + 600
            if self.version == before and all(when > soon for when in self.operator.due.values()):
                return
            self.sleep(seconds)
