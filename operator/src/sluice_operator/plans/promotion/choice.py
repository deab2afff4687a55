"""What should be live: the rows below an open intent, as a pure choice."""

from dataclasses import dataclass
from datetime import timedelta

from sluice_api import reasons
from sluice_api.audit import Cause
from sluice_api.reasons import Reason
from sluice_api.records import RevisionRecord, VerdictRecord
from sluice_operator.facts import gate as gates
from sluice_operator.facts.gate import Policy
from sluice_operator.facts.run import RunFacts
from sluice_operator.model import Problem
from sluice_operator.plans.common import parse_time
from sluice_operator.plans.draft import stamp
from sluice_operator.plans.promotion.scene import Scene, down_since, is_up, up_since


@dataclass(frozen=True)
class Choice:
    """A revision that should take traffic, and by which right."""

    target: RevisionRecord
    cause: Cause
    reason: Reason
    why: str
    recorded: bool = True
    """False: its revision record must be written first."""


@dataclass(frozen=True)
class Held:
    """Nothing should change, and why."""

    reason: Reason
    message: str
    wake_in: float | None = None
    keep_slots: bool = False
    """Slots must not be deleted now: a way back may need one."""


def choose(scene: Scene) -> Choice | Held:
    """First match of rows 10 to 17 of the table."""
    back = _go_back(scene)
    if isinstance(back, Choice):
        return back
    held = _gate_holds(scene)
    onward = held or _newest(scene) or _refresh(scene)
    if isinstance(onward, Choice):
        return onward
    return back or onward or Held(reasons.UP_TO_DATE, "the newest passing model is live")


# Row 10
def _go_back(scene: Scene) -> Choice | Held | None:
    """The live slot is down for its deadline while an earlier one is up for that long."""
    live = scene.live
    slot = scene.slot(live.slot) if live else None
    if live is None or slot is None or not scene.spec.rollback.automatic:
        return None
    since = down_since(slot)
    if since is None:
        return None
    deadline = timedelta(seconds=scene.spec.health_deadline_seconds)
    waited = scene.now - since
    if waited < deadline:
        left = (deadline - waited).total_seconds()
        return Held(reasons.LIVE_UNAVAILABLE, f"slot {slot.meta.name} is unavailable", left, keep_slots=True)
    return _earlier(scene, deadline)


def _earlier(scene: Scene, deadline: timedelta) -> Choice | Held:
    live = scene.live
    why = f"slot {live.slot if live else ''} was unavailable for {int(deadline.total_seconds())} s"
    waiting: float | None = None
    seen = {live.slot} if live else set()
    for item in scene.fold.history:
        target = scene.revision(item.revision)
        if item.slot in seen or target is None or scene.fold.refuses(item.digest, item.revision):
            continue
        seen.add(item.slot)
        since = up_since(scene.slot(item.slot))
        if since is not None and scene.now - since >= deadline:
            return Choice(target, "health", reasons.ROLLED_BACK, why)
        if since is not None:
            waiting = (deadline - (scene.now - since)).total_seconds()
    if waiting is not None:
        return Held(
            reasons.LIVE_UNAVAILABLE, f"{why}; an earlier slot was up too shortly", waiting, keep_slots=True
        )
    if len(scene.fold.history) <= 1:
        return Held(reasons.NO_PREDECESSOR, f"{why}; there is no earlier model to go back to")
    return Held(reasons.ROLLBACK_BLOCKED, f"{why}; no earlier slot is healthy")


# Row 12
def _gate_holds(scene: Scene) -> Held | None:
    name = scene.spec.gate_ref.name
    if scene.gate is None:
        return Held(reasons.GATE_MISSING, f"EvalGate {name} does not exist; what serves goes on serving")
    if scene.policy is None:
        return Held(reasons.GATE_MISSING, f"EvalGate {name} has an invalid spec; nothing is promoted")
    if isinstance(scene.policy, Problem):
        return Held(scene.policy.reason, f"EvalGate {name}: {scene.policy.message}")
    bound = scene.policy.spec.baseline.deployment_ref if scene.policy.spec.baseline else None
    if bound is not None and bound.name != scene.resource.meta.name:
        message = f"EvalGate {name} compares with Deployment {bound.name}, not with this one"
        return Held(reasons.BASELINE_MISMATCH, message)
    if scene.spec.paused:
        return Held(reasons.PAUSED, "spec.paused is true; nothing new is promoted")
    return None


# Row 16
def _newest(scene: Scene) -> Choice | Held | None:
    """The newest run later than what is live that has a Pass of its own under the gate as it stands now."""
    if not isinstance(scene.policy, Policy) or scene.gate is None:
        return None
    namespace = scene.resource.meta.namespace
    runs = gates.candidates(scene.policy.spec, namespace, scene.observed.world)
    later = [r for r in runs if _is_later(scene, r)]
    passing = [(r, v) for r in later if (v := _valid_pass(scene, scene.policy, r)) is not None]
    open_ones = [(r, v) for r, v in passing if not _is_out(scene, r)]
    if open_ones:
        chosen = [_candidate(scene, r, v) for r, v in open_ones]
        # A candidate that is Available already is finished before a newer one starts.
        ready = [c for c in chosen if is_up(scene.slot(c.target.slot))]
        return (ready or chosen)[0]
    return _blocked(scene, later, passing) if later else None


def _is_later(scene: Scene, run: RunFacts) -> bool:
    live = scene.live
    record = scene.revision(live.revision) if live else None
    if record is None:
        return True
    later = parse_time(run.artifact.completed_at) > parse_time(record.artifact.completed_at)
    return later and run.artifact.digest != record.artifact.digest


def _valid_pass(scene: Scene, policy: Policy, run: RunFacts) -> VerdictRecord | None:
    """A Pass for exactly this digest, these criteria, these suites and the baseline of now."""
    against = gates.baseline(policy, run, scene.observed.find)
    if isinstance(against, Problem) or scene.gate is None:
        return None
    found = gates.verdict(scene.gate, policy, run.artifact.digest, against.digest)
    return found if found is not None and found.verdict == "Pass" else None


def _is_out(scene: Scene, run: RunFacts) -> bool:
    digest = run.artifact.digest
    return scene.fold.refuses(digest) or any(r.digest == digest for r in scene.fold.rejected)


def _blocked(scene: Scene, later: list[RunFacts], passing: list[tuple[RunFacts, VerdictRecord]]) -> Held:
    newest = later[0]
    digest = newest.artifact.digest
    if passing:
        known = next((r for r in scene.fold.rejected if r.digest == passing[0][0].artifact.digest), None)
        why = known.message if known else "it was rolled back"
        return Held(reasons.PROMOTE_BLOCKED, f"run {passing[0][0].name} passed but stays out: {why}")
    given = [v for v in gates.verdicts(scene.gate) if v.digest == digest] if scene.gate else []
    told = f"its verdict is {given[0].verdict}: {given[0].message}" if given else "it has no verdict yet"
    if given and given[0].verdict == "Pass":
        told = "its Pass is for other criteria, suites or another baseline"
    return Held(reasons.PROMOTE_BLOCKED, f"run {newest.name} cannot go live; {told}")


def _candidate(scene: Scene, run: RunFacts, given: VerdictRecord) -> Choice:
    template = scene.template(run.artifact)
    name = scene.slot_name(template)
    known = next((r for r in scene.revisions if r.slot == name), None)
    why = f"run {run.name} passed gate {scene.spec.gate_ref.name}"
    if known is not None:
        return Choice(known, "automatic", reasons.PROMOTED, why)
    fresh = RevisionRecord(
        revision=_next_revision(scene),
        slot=name,
        run=run.name,
        gate=scene.spec.gate_ref.name,
        artifact=run.artifact,
        template=template,
        sealed_verdict=given,
        cause="automatic",
        created_at=stamp(scene.now),
    )
    return Choice(fresh, "automatic", reasons.PROMOTED, why, recorded=False)


# Row 17
def _refresh(scene: Scene) -> Choice | None:
    """The live digest in a new slot, because profile, arguments or operator changed."""
    live = scene.live
    record = scene.revision(live.revision) if live else None
    if record is None:
        return None
    template = scene.template(record.artifact)
    name = scene.slot_name(template)
    if name == record.slot or any(r.revision > record.revision and r.slot == name for r in _rejected(scene)):
        return None
    known = next((r for r in scene.revisions if r.slot == name), None)
    why = "the serving profile, the arguments or the operator changed"
    if known is not None:
        return Choice(known, "profile", reasons.PROMOTED, why)
    changes = {
        "revision": _next_revision(scene),
        "slot": name,
        "template": template,
        "cause": "profile",
        "created_at": stamp(scene.now),
    }
    return Choice(record.model_copy(update=changes), "profile", reasons.PROMOTED, why, recorded=False)


def _rejected(scene: Scene) -> list[RevisionRecord]:
    numbers = {r.revision for r in scene.fold.rejected}
    return [r for r in scene.revisions if r.revision in numbers]


def _next_revision(scene: Scene) -> int:
    return scene.revisions[-1].revision + 1 if scene.revisions else 1
