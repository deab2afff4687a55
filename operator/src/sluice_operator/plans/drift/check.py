"""One drift check: evaluate the live slot, judge against the promotion, record what was found.

A check that cannot be finished is Unknown at once and not tried again: the next tick is its next attempt.
"""

from datetime import timedelta

from sluice_api import reasons
from sluice_api.contracts.reports import EvaluateResult, JudgeResult
from sluice_api.contracts.requests import EvaluateRequest, JudgeRequest
from sluice_api.deployment import Drift
from sluice_api.reasons import Reason
from sluice_api.records import DriftRecord, RevisionRecord
from sluice_operator.children import records
from sluice_operator.children.jobs import Ask
from sluice_operator.facts import drift as facts
from sluice_operator.model import Create, Problem
from sluice_operator.plans.attempts import Advance, advance
from sluice_operator.plans.draft import Draft, Stop, shorten, stamp
from sluice_operator.plans.drift.finding import Finding, finding, unknown
from sluice_operator.plans.drift.question import question
from sluice_operator.plans.drift.ticks import Tick
from sluice_operator.plans.pods import describe_pods
from sluice_operator.plans.promotion.scene import Scene


def run_check(scene: Scene, draft: Draft, watch: Drift, revision: RevisionRecord, tick: Tick) -> None:
    """Bring the check of a tick one step further."""
    found = _look(scene, draft, watch, revision, tick)
    if found is not None:
        _record(scene, draft, watch, revision, tick, found)


def _look(scene: Scene, draft: Draft, watch: Drift, revision: RevisionRecord, tick: Tick) -> Finding | None:
    """What the check found; None while it goes on."""
    asked = question(scene, revision, tick, watch.tolerance)
    if isinstance(asked, Problem):
        return unknown(asked)
    mine = _advance(scene, draft, watch, "evaluate", asked.evaluate)
    if not isinstance(mine, Advance):
        return mine
    if not isinstance(mine.result, EvaluateResult):
        raise TypeError("an evaluation that is done holds its result")
    judged = _advance(scene, draft, watch, "judge", asked.judge(mine.result))
    if not isinstance(judged, Advance):
        return judged
    if not isinstance(judged.result, JudgeResult):
        raise TypeError("a judgement that is done holds its result")
    return finding(asked, mine.result, judged.result)


def _advance(
    scene: Scene, draft: Draft, watch: Drift, stage: str, request: EvaluateRequest | JudgeRequest
) -> Advance | Finding | None:
    """The stage when it is done, what ended the check, or None while it goes on."""
    if isinstance(scene.platform, Stop):
        return unknown(Problem(scene.platform.reason, scene.platform.told))
    ask = Ask(
        stage="judge" if stage == "judge" else "evaluate",
        request=request,
        profile=scene.platform.profile,
        storage=scene.platform.storage,
        retry_limit=0,
    )
    step = advance(scene.observed, draft, ask)
    if step.state == "Done":
        return step
    ended = _ended(scene, watch, step)
    return unknown(ended) if ended is not None else None


def _ended(scene: Scene, watch: Drift, step: Advance) -> Problem | None:
    if step.record is not None:
        return Problem(reasons.named(step.record.reason), step.record.message)
    if step.state == "Failed":
        return Problem(step.reason, step.message)
    pods = tuple(p for p in scene.me.pods if step.job is not None and p.job == step.job.meta.name)
    patience = timedelta(seconds=watch.every_seconds)
    if not pods or any(p.started_at or p.exit_code is not None for p in pods):
        return None
    if scene.now - min(p.meta.created_at for p in pods) < patience:
        return None
    return Problem(*describe_pods(pods))


def _record(
    scene: Scene, draft: Draft, watch: Drift, revision: RevisionRecord, tick: Tick, found: Finding
) -> None:
    """Write the tick down. An Event tells what is new only."""
    failures = facts.bad_in_a_row(scene.me) + 1
    drifted = found.result == "Bad" and failures >= watch.failures_to_act
    reason = reasons.DRIFT_DETECTED if drifted else found.reason
    value = DriftRecord(
        transition=tick.transition,
        tick=tick.number,
        slot=revision.slot,
        digest=revision.artifact.digest,
        result=found.result,
        score=found.score,
        baseline=found.baseline,
        reason=reason.code,
        message=shorten(found.message),
        evidence=found.evidence,
        checked_at=stamp(scene.now),
    )
    name = records.drift_name(scene.resource.meta.name, tick.transition, tick.number)
    draft.write(Create(records.record(scene.resource, name, value)), _news(scene, reason), found.message)
    draft.wake_in(1)


def _news(scene: Scene, reason: Reason) -> Reason | None:
    """The reason when the check before found another one; a first good check is no news."""
    before = facts.ticks(scene.me)[:1]
    known = before[0].reason if before else reasons.NO_DRIFT.code
    return reason if reason.code != known else None
