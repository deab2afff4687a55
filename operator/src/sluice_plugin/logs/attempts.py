"""Attempts of an object's stages, put together from Jobs, Pods and records: pure.

A Job, its Pods and its record go at different times; whatever of them is left makes an attempt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sluice_api import meta
from sluice_api.records import StageRecord
from sluice_operator.model import JobView, PodView, Related
from sluice_operator.plans.common import parse_time
from sluice_plugin.errors import Refused

SERVE = "serve"
"""What the Pods of a slot are called here: they belong to no stage."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of one stage, or one slot."""

    name: str
    """Name of the Job and of the record, or of the slot."""
    stage: str
    number: int
    began: datetime
    pods: tuple[PodView, ...] = ()
    record: StageRecord | None = None

    @property
    def label(self) -> str:
        """What stands before each line."""
        return self.stage if self.stage == SERVE else f"{self.stage}/{self.number}"


@dataclass(frozen=True)
class Wanted:
    """Which attempts a person asked for."""

    stage: str | None = None
    number: int | None = None

    def of(self, attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
        """Those of them."""
        return tuple(a for a in attempts if self.stage in (None, a.stage) and self.number in (None, a.number))


def attempts_in(related: Related) -> tuple[Attempt, ...]:
    """All attempts of which something is left, oldest first."""
    jobs = {job.meta.name: job for job in related.jobs}
    records = {r.meta.name: r.record for r in related.records if isinstance(r.record, StageRecord)}
    pods: dict[str, list[PodView]] = {}
    for pod in sorted(related.pods, key=lambda p: (p.meta.created_at, p.meta.name)):
        name = pod.job or pod.meta.labels.get(meta.LABEL_SLOT)
        if name:
            pods.setdefault(name, []).append(pod)
    names = {*jobs, *records, *pods}
    found = [_attempt(n, jobs.get(n), tuple(pods.get(n, ())), records.get(n)) for n in names]
    return tuple(sorted(found, key=lambda a: (a.began, a.number, a.name)))


def pick(attempts: Sequence[Attempt], wanted: Wanted, *, previous: bool) -> Attempt:
    """The newest attempt that is wanted, or the one before it of the same stage."""
    chosen = wanted.of(attempts)
    if not chosen:
        there = ", ".join(dict.fromkeys(a.label for a in attempts)) or "none"
        raise Refused(f"no such attempt; there are: {there}")
    newest = chosen[-1]
    if not previous:
        return newest
    earlier = [a for a in attempts if a.stage == newest.stage and a.began < newest.began]
    if not earlier:
        raise Refused(f"{newest.label} is the first attempt of {newest.stage}; there is no previous one")
    return earlier[-1]


def _attempt(
    name: str, job: JobView | None, pods: tuple[PodView, ...], record: StageRecord | None
) -> Attempt:
    seen = [job.meta] if job else [p.meta for p in pods]
    labels = seen[0].labels if seen else {}
    number = labels.get(meta.LABEL_ATTEMPT, "")
    if record is not None:
        return Attempt(name, record.stage, record.attempt, parse_time(record.started_at), pods, record)
    began = min(m.created_at for m in seen)
    stage = labels.get(meta.LABEL_STAGE, SERVE)
    return Attempt(name, stage, int(number) if number.isdecimal() else 1, began, pods)
