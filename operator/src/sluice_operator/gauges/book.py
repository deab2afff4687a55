"""The book of metrics about single objects: written at each pass, read when Prometheus asks.

It stands round the planners and changes nothing of what they plan. Only the leader passes over objects, so a
standby tells nothing; what is gone from the cache is told no more.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import get_args

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from sluice_api import reasons
from sluice_api.audit import GOING_BACK, AuditRecord, Cause
from sluice_operator import raw
from sluice_operator.facts import live
from sluice_operator.gauges import datasetpack, deployment, evalgate, trainingrun
from sluice_operator.gauges.series import Series, Status
from sluice_operator.metrics import FAMILIES, Family, objects
from sluice_operator.metrics.families import OBJECT
from sluice_operator.model import Key, Observed, Plan, ResourceKind

Planner = Callable[[Observed], Plan]
_READERS: Mapping[str, Callable[[Observed, Status], Iterator[Series]]] = {
    "DatasetPack": datasetpack.series,
    "Deployment": deployment.series,
    "EvalGate": evalgate.series,
    "TrainingRun": trainingrun.series,
}
_FAMILIES = tuple(family for family in FAMILIES.values() if family.labels[:2] == OBJECT)
_SETTLING: tuple[Cause, ...] = ("clear-rollback",)
"""Causes that move no traffic."""


@dataclass(frozen=True)
class _Page:
    series: tuple[Series, ...]
    pod: str = ""
    """UID of the Pod that trains."""


class Book(Collector):
    """Keeps what the newest pass over each object said."""

    def __init__(
        self, exists: Callable[[Key], object | None], heard: Callable[[str], datetime | None]
    ) -> None:
        self._exists = exists
        self._heard = heard
        self._pages: dict[Key, _Page] = {}
        self._moves: dict[Key, Counter[tuple[Family, str]]] = {}
        self._counted: dict[Key, tuple[str, int]] = {}
        """Chain and number of the newest record that was looked at."""
        self._tampered: dict[Key, datetime] = {}

    def wrap(self, planners: Mapping[ResourceKind, Planner]) -> Mapping[ResourceKind, Planner]:
        """The same planners, with each of their passes entered here."""
        return {kind: partial(self._passed, planner) for kind, planner in planners.items()}

    def _passed(self, planner: Planner, observed: Observed) -> Plan:
        plan = planner(observed)
        key = observed.me.resource.key
        reader = _READERS.get(key.kind)
        if reader is not None and plan.status is not None:
            pod = trainingrun.training_pod(observed, plan.status)
            self._pages[key] = _Page(tuple(reader(observed, plan.status)), pod.meta.uid if pod else "")
        if key.kind == "Deployment":
            chain = live.audit_records(observed.me)
            self._count(key, chain)
            self._note_tampering(key, chain, observed.now if _tells_tampering(plan) else None)
        return plan

    def _note_tampering(self, key: Key, chain: tuple[AuditRecord, ...], now: datetime | None) -> None:
        """Records outlive this process; what leaves none, such as a deleted slot, is known from the pass."""
        repairs = (r.time for r in chain if r.cause == "repair" and r.phase == "done")
        recorded = raw.time({"time": max(repairs, default="")}, "time")
        known = [t for t in (self._tampered.get(key), recorded, now) if t is not None]
        if known:
            self._tampered[key] = max(known)

    def _count(self, key: Key, chain: tuple[AuditRecord, ...]) -> None:
        """Count what was done since the last pass; what was done before this process is not its to count."""
        counts = self._moves.setdefault(key, _nothing())
        newest = (chain[-1].chain, chain[-1].sequence) if chain else ("", 0)
        before = self._counted.get(key, newest)
        self._counted[key] = newest
        seen = before[1] if before[0] in ("", newest[0]) else 0
        done = (r for r in chain if r.phase == "done" and r.sequence > seen)
        counts.update(_counter_of(r.cause) for r in done)

    def collect(self) -> Iterator[Metric]:
        """Yield every family, so that its name is there before its first series."""
        told = {family: family.empty() for family in _FAMILIES}
        for key, series in self._all():
            told[series.family].add_metric([key.namespace, key.name, *series.labels], series.value)
        yield from told.values()

    def _all(self) -> Iterator[tuple[Key, Series]]:
        for key in [k for k in self._pages if self._exists(k) is None]:
            for book in (self._pages, self._moves, self._counted, self._tampered):
                book.pop(key, None)
        for key, page in self._pages.items():
            yield from ((key, series) for series in page.series)
            heard = self._heard(page.pod) if page.pod else None
            if heard is not None:
                yield key, Series(objects.RUN_HEARTBEAT, heard.timestamp())
        for key, when in self._tampered.items():
            yield key, Series(objects.LAST_TAMPERED, when.timestamp())
        for key, counts in self._moves.items():
            for (family, cause), number in counts.items():
                yield key, Series(family, float(number), (cause,) if cause else ())


def _tells_tampering(plan: Plan) -> bool:
    return any(note.reason is reasons.TRAFFIC_TAMPERED for note in plan.events)


def _counter_of(cause: Cause) -> tuple[Family, str]:
    if cause == "repair":
        return objects.REPAIRS, ""
    return (objects.ROLLBACKS if cause in GOING_BACK else objects.PROMOTIONS), cause


def _nothing() -> Counter[tuple[Family, str]]:
    """Zero for each cause: a rate sees the first one only if a zero came before."""
    causes: tuple[Cause, ...] = get_args(Cause)
    return Counter({_counter_of(cause): 0 for cause in causes if cause not in _SETTLING})
