"""What passes see, for tests of the series that tell about single objects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sluice_api.audit import AuditRecord, Cause, Fold, Phase
from sluice_api.records import Record
from sluice_operator.gauges.book import Book
from sluice_operator.model import (
    Meta,
    Observed,
    PodView,
    RecordView,
    Related,
    Resource,
    ResourceKind,
)
from support.quickstart import SETTINGS

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"
DIGEST = "sha256:" + "ab" * 32


def seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def observed(
    kind: ResourceKind,
    *records: Record,
    spec: Mapping[str, Any] | None = None,
    pods: tuple[PodView, ...] = (),
    name: str = "one",
) -> Observed:
    meta = Meta(name, "team", "uid", "1", datetime(2026, 1, 1, tzinfo=UTC))
    views = tuple(RecordView(meta, record) for record in records)
    me = Related(Resource(kind, meta, spec or {}, {}), records=views, pods=pods)
    return Observed(me=me, world={me.resource.key: me}, settings=SETTINGS, now=NOW)


def link(number: int, cause: Cause = "automatic", phase: Phase = "done", **fold: Any) -> AuditRecord:
    return AuditRecord(
        chain="chain",
        sequence=number,
        phase=phase,
        cause=cause,
        actor="a",
        reason="promoted",
        time=EARLY if number < 5 else LATE,
        fold=Fold(**fold),
    )


def condition(kind: str, status: str, reason: str = "Because", since: str = EARLY) -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": since}


def pod(phase: str = "Running") -> PodView:
    meta = Meta("p", "team", "pod-uid", "1", NOW)
    return PodView(meta, "j", phase, started_at=datetime.fromisoformat(EARLY))


def book(heard: datetime | None = None, gone: frozenset[str] = frozenset()) -> Book:
    return Book(lambda key: None if key.name in gone else key, lambda _: heard)
