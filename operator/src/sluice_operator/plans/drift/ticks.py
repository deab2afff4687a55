"""When what is live is checked: ticks count from the newest non-repair transition; missed ones are skipped.

The tick of a check is known from its Jobs alone, because a check may take longer than one interval.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluice_api import meta
from sluice_api.audit import Fold
from sluice_api.deployment import Drift
from sluice_operator.facts import drift as facts
from sluice_operator.facts.live import fold
from sluice_operator.model import JobView, Related
from sluice_operator.plans.common import parse_time

STAGES = ("evaluate", "judge")
"""Stages that a Deployment runs for nothing else."""


@dataclass(frozen=True, order=True)
class Tick:
    """One tick: old answers are never told again, because requests carry it."""

    transition: int
    number: int

    @property
    def identity(self) -> str:
        """As requests and Jobs carry it."""
        return f"{self.transition}-{self.number}"


@dataclass(frozen=True)
class Agenda:
    """Which tick is worked on now, and when the next one is due."""

    tick: Tick | None
    next_in: float
    """Seconds until the next tick."""
    overdue: bool = False
    """A newer tick is due while this one is still checked."""


def agenda(related: Related, watch: Drift, now: datetime) -> Agenda | None:
    """What is to be checked now; None before anything went live and while a transition is open."""
    known = fold(related)
    if known.live is None or known.intent is not None or not known.history:
        return None
    began, transition = _began(known), facts.settled_transition(related)
    due = _ticks_until(began, watch, now)
    next_in = (began + timedelta(seconds=(due + 1) * watch.every_seconds) - now).total_seconds()
    newest = facts.ticks(related)[:1]
    last = newest[0].tick if newest else 0
    open_ticks = [t for t in jobs_by_tick(related) if t.transition == transition and t.number > last]
    if open_ticks:
        tick = max(open_ticks)
        return Agenda(tick, next_in, overdue=due > tick.number)
    # With another interval since the last check, that check lies on another tick of today's count.
    passed = min(last, _ticks_until(began, watch, parse_time(newest[0].checked_at))) if newest else 0
    if due <= max(passed, 0):
        return Agenda(None, next_in)
    return Agenda(Tick(transition, max(due, last + 1)), next_in)


def _began(known: Fold) -> datetime:
    return parse_time(known.history[0].time)


def _ticks_until(began: datetime, watch: Drift, when: datetime) -> int:
    return int((when - began).total_seconds() // watch.every_seconds)


def jobs_by_tick(related: Related) -> Mapping[Tick, tuple[JobView, ...]]:
    """Jobs of drift checks that are not being deleted."""
    found: dict[Tick, list[JobView]] = defaultdict(list)
    for job in related.jobs:
        tick = _tick_of(job)
        if tick is not None and not job.meta.deleting:
            found[tick].append(job)
    return {tick: tuple(jobs) for tick, jobs in found.items()}


def _tick_of(job: JobView) -> Tick | None:
    transition, _, number = job.meta.annotations.get(meta.ANNOTATION_IDENTITY, "").partition("-")
    if job.meta.labels.get(meta.LABEL_STAGE) not in STAGES:
        return None
    return Tick(int(transition), int(number)) if transition.isdecimal() and number.isdecimal() else None


def took_too_long(related: Related, watch: Drift) -> bool:
    """Whether the newest finished check took longer than the interval, as far as its Jobs still tell."""
    newest = facts.ticks(related)[:1]
    jobs = jobs_by_tick(related).get(Tick(newest[0].transition, newest[0].tick), ()) if newest else ()
    ends = [j.finished_at for j in jobs if j.finished_at is not None]
    if not ends:
        return False
    begin = min(j.meta.created_at for j in jobs)
    return max(ends) - begin > timedelta(seconds=watch.every_seconds)
