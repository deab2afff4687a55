"""The step of the planner: which check goes on now, and which Jobs and records nobody needs any more.

Nothing is written while a transition is announced, nor in a pass in which promotion writes.
"""

from dataclasses import dataclass

from sluice_api.records import DriftRecord, StageRecord
from sluice_operator.facts import drift as facts
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import Delete
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.drift.check import run_check
from sluice_operator.plans.drift.ticks import STAGES, Agenda, Tick, agenda, jobs_by_tick, took_too_long
from sluice_operator.plans.promotion.scene import Scene

KEPT_TICKS = 10
"""Newest drift records, of all and of those that count."""
KEPT_CHECKS = 3
"""Newest checks whose Jobs and stage records stay for people to read."""


@dataclass(frozen=True)
class Watched:
    """How the watch stands."""

    too_short: bool = False
    """A check takes longer than the interval."""


def watch_live(scene: Scene, draft: Draft) -> Watched:
    """Run the newest due check of what is live; then remove what is left of old ones."""
    wanted = scene.spec.drift
    now = agenda(scene.me, wanted, scene.now) if wanted is not None else None
    if wanted is None or now is None:
        _discard(scene, draft, None)
        return Watched()
    too_short = now.overdue or took_too_long(scene.me, wanted)
    if scene.fold.intent is not None or draft.writes:
        return Watched(too_short)
    draft.wake_in(now.next_in)
    revision = scene.revision(scene.fold.live.revision) if scene.fold.live else None
    if now.tick is not None and revision is not None:
        run_check(scene, draft, wanted, revision, now.tick)
    _discard(scene, draft, now)
    _prune(scene, draft, max(wanted.failures_to_act, KEPT_TICKS))
    return Watched(too_short)


def _discard(scene: Scene, draft: Draft, now: Agenda | None) -> None:
    """Delete Jobs whose check nobody waits for, and those of all but the newest checks."""
    if scene.fold.intent is not None:
        return
    recorded = {r.meta.name for r in scene.me.records if isinstance(r.record, StageRecord)}
    going = {d.name for d in draft.deletes}
    concluded = {Tick(t.transition, t.tick) for t in facts.ticks(scene.me)[:KEPT_CHECKS]}
    for tick, jobs in jobs_by_tick(scene.me).items():
        if now is not None and tick == now.tick:
            continue
        for job in jobs:
            kept = job.meta.name in recorded and (tick in concluded or now is None)
            if not kept and job.meta.name not in going:
                draft.delete(Delete("Job", job.meta.name, job.meta.uid, "its drift check is over"))


def _prune(scene: Scene, draft: Draft, most: int) -> None:
    """Delete the oldest drift records, and stage records of old checks whose Jobs are gone."""
    views = [v for v in scene.me.records if isinstance(v.record, DriftRecord)]
    order = sorted(views, key=lambda v: _age(v.record), reverse=True)
    counted = [v for v in order if isinstance(v.record, DriftRecord) and v.record.result != "Unknown"]
    spare = [v for v in order[most:] if v not in counted[:most]]
    jobs, going = {j.meta.name for j in scene.me.jobs}, {d.name for d in draft.deletes}
    newest = {id(r) for r in stage_records(scene.me)[-1:]}
    staged = [r for stage in STAGES for r in stage_records(scene.me, stage)[: -KEPT_CHECKS - 1]]
    old = {id(r) for r in staged} - newest
    spare += [v for v in scene.me.records if id(v.record) in old and v.meta.name not in jobs]
    for view in spare:
        if view.meta.name not in going:
            why = "older than what is kept"
            draft.delete(Delete("ControllerRevision", view.meta.name, view.meta.uid, why))


def _age(record: object) -> tuple[int, int]:
    return (record.transition, record.tick) if isinstance(record, DriftRecord) else (0, 0)
