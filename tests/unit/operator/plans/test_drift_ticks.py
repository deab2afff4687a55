"""When the next drift check is due, as arithmetic."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api import meta
from sluice_api.audit import AuditRecord, Fold, HistoryItem, Live, OpenIntent
from sluice_api.deployment import Drift
from sluice_api.records import DriftRecord, Record
from sluice_operator.model import JobView, Meta, RecordView, Related, Resource
from sluice_operator.plans.drift.ticks import Tick, agenda, took_too_long

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
WATCH = Drift(every_seconds=60)
TRANSITION = 4


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def text(seconds: float) -> str:
    return at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def child(name: str, **more: Any) -> Meta:
    fields: dict[str, Any] = {"created_at": BEGAN, **more}
    return Meta(name, "team", name, "1", **fields)


def head(**changes: Any) -> AuditRecord:
    """The chain after transition 4."""
    same: dict[str, Any] = {"slot": "s", "revision": 1, "digest": DIGEST}
    item = HistoryItem(transition=TRANSITION, cause="automatic", time=text(0), **same)
    fold = Fold(live=Live(transition=TRANSITION, since=text(0), **same), history=(item,))
    return AuditRecord(
        chain="c",
        sequence=5,
        phase="done",
        cause="automatic",
        actor="x",
        reason="promoted",
        time=text(0),
        fold=fold.model_copy(update=changes),
    )


def check(tick: int, seconds: float, transition: int = TRANSITION) -> DriftRecord:
    return DriftRecord(
        transition=transition,
        tick=tick,
        slot="s",
        digest=DIGEST,
        result="Good",
        reason="no_drift",
        message="",
        checked_at=text(seconds),
    )


def job(tick: int, begin: float = 0, end: float | None = None, transition: int = TRANSITION) -> JobView:
    names = {meta.ANNOTATION_IDENTITY: f"{transition}-{tick}"}
    found = child(
        f"job-{transition}-{tick}",
        annotations=names,
        labels={meta.LABEL_STAGE: "evaluate"},
        created_at=at(begin),
    )
    if end is None:
        return JobView(found, "Active")
    return JobView(found, "Complete", finished_at=at(end))


def live(*records: Record, jobs: tuple[JobView, ...] = ()) -> Related:
    views = (RecordView(child(f"r{n}"), r) for n, r in enumerate((head(), *records)))
    return Related(Resource("Deployment", child("live"), {}, {}), records=tuple(views), jobs=jobs)


def due(related: Related, seconds: float, watch: Drift = WATCH) -> tuple[int | None, bool, float]:
    found = agenda(related, watch, at(seconds))
    assert found is not None
    return found.tick.number if found.tick else None, found.overdue, found.next_in


@pytest.mark.parametrize(
    ("seconds", "tick", "wait"), [(0, None, 60), (59, None, 1), (60, 1, 60), (119, 1, 1), (330, 5, 30)]
)
def test_the_newest_due_tick_is_run(seconds: float, tick: int | None, wait: float) -> None:
    assert due(live(), seconds) == (tick, False, wait)


def test_a_tick_is_run_once() -> None:
    assert due(live(check(1, 65)), 90) == (None, False, 30)
    assert due(live(check(1, 65)), 120) == (2, False, 60)


def test_a_check_that_takes_long_is_finished_and_ticks_are_skipped() -> None:
    assert due(live(check(1, 65), jobs=(job(2, 120),)), 130) == (2, False, 50)
    assert due(live(check(1, 65), jobs=(job(2, 120),)), 260) == (2, True, 40)
    assert due(live(check(2, 265), jobs=(job(2, 120, 260),)), 266) == (4, False, 34)


def test_checks_of_an_earlier_transition_do_not_count() -> None:
    assert due(live(check(9, 65, transition=2)), 61) == (1, False, 59)
    assert due(live(jobs=(job(9, transition=2),)), 61) == (1, False, 59)


def test_another_interval_neither_stops_nor_repeats_checks() -> None:
    slow = Drift(every_seconds=3600)
    assert due(live(check(50, 3001)), 3100, slow)[0] is None
    assert due(live(check(50, 3001)), 3600, slow)[0] == 51
    assert due(live(check(50, 3001), check(51, 3605)), 3700, slow)[0] is None
    assert due(live(check(2, 7205)), 7260)[0] == 121


def test_nothing_is_due_before_anything_went_live_or_while_traffic_moves() -> None:
    nothing = Related(Resource("Deployment", child("live"), {}, {}))
    assert agenda(nothing, WATCH, at(600)) is None
    intent = OpenIntent(sequence=6, cause="automatic", slot="t", revision=2, digest=DIGEST)
    moving = replace(live(), records=(RecordView(child("r"), head(intent=intent)),))
    assert agenda(moving, WATCH, at(600)) is None


@pytest.mark.parametrize("seconds", [-3600, -1])
def test_a_clock_that_went_back_waits(seconds: float) -> None:
    assert due(live(), seconds)[0] is None
    assert due(live(check(1, 65)), seconds)[0] is None


def test_a_clock_that_jumped_forward_skips_ticks() -> None:
    assert due(live(check(1, 65)), 3725)[0] == 62


@pytest.mark.parametrize(("end", "long"), [(179, False), (181, True)])
def test_how_long_a_check_took_is_read_from_its_jobs(end: float, long: bool) -> None:
    assert took_too_long(live(check(2, 190), jobs=(job(2, 120, end),)), WATCH) is long


def test_jobs_of_others_are_no_checks() -> None:
    odd = replace(job(7), meta=child("v", annotations={meta.ANNOTATION_IDENTITY: "uid-4"}))
    assert due(live(jobs=(odd,)), 30)[0] is None


@given(
    every=st.integers(30, 5000),
    last=st.integers(0, 300),
    checked=st.integers(0, 10**6),
    now=st.integers(-(10**5), 10**6),
)
def test_a_tick_is_newer_than_every_check_before(every: int, last: int, checked: int, now: int) -> None:
    related = live(check(last, checked)) if last else live()
    found = agenda(related, Drift(every_seconds=every), at(now))
    assert found is not None
    assert found.next_in > 0
    assert found.tick is None or found.tick > Tick(TRANSITION, last)
