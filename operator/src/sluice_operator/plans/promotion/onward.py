"""Going on: what a promote request, a pin, the newest run or a changed profile ask for."""

from dataclasses import replace
from itertools import takewhile

from sluice_api import reasons
from sluice_api.decisions import Request
from sluice_api.records import VerdictRecord
from sluice_operator.facts import gate as gates
from sluice_operator.finished import RunFacts, age, age_of
from sluice_operator.plans.promotion import rights, windows
from sluice_operator.plans.promotion.back import target_of
from sluice_operator.plans.promotion.choice import Choice, Held, Wanted, choose_digest, why_out
from sluice_operator.plans.promotion.damage import broken_artifact
from sluice_operator.plans.promotion.scene import Scene, is_up


def promote(scene: Scene, request: Request) -> Choice | Held:
    """What a promote request names, once it has the right of an automatic promotion."""
    who = f"promote of {request.digest[:19]} by {request.user}"
    run = scene.run_of(request.digest)
    if run is None:
        message = f"{who} waits: the run that made it is gone; apply it again, or go back to it"
        return Held(reasons.REQUEST_WAITING, message, stops=False)
    given = rights.live_pass(scene, run)
    if isinstance(given, Held):
        return Held(given.reason, f"{who} waits: {given.message}", stops=False)
    wanted = Wanted(run.artifact, run.name, given)
    choice = choose_digest(scene, wanted, "promote", reasons.CANDIDATE_STARTING, who, request)
    return replace(choice, message=f"{who} waits: {choice.message}") if isinstance(choice, Held) else choice


def pinned(scene: Scene, digest: str) -> Choice | Held:
    """What a pin names. A pin that is blocked or refused never falls through to the newest."""
    if scene.live is not None and scene.live.digest == digest:
        # The upgrade of a pinned digest is held like any other.
        upgrade = refresh(scene)
        held = held_back(scene) if isinstance(upgrade, Choice) else None
        return held or upgrade or Held(reasons.PINNED, f"spec.promotion.pin keeps {digest[:19]} live")
    found = _pinnable(scene, digest)
    if isinstance(found, Held):
        return found
    why = f"spec.promotion.pin names {digest[:19]}"
    choice = choose_digest(scene, found, "pin", reasons.CANDIDATE_STARTING, why)
    if isinstance(choice, Held):
        return replace(choice, stops=True)
    out = why_out(scene, choice.target)
    if out is None:
        return choice
    refused = scene.fold.refuses(digest, choice.target.revision)
    reason = reasons.PIN_REFUSED if refused else reasons.CANDIDATE_REFUSED
    return Held(reason, f"{digest[:19]} stays out: {out}")


def _pinnable(scene: Scene, digest: str) -> Wanted | Held:
    """A sealed Pass if it was live, else a live one."""
    known = target_of(scene, digest)
    if known is not None:
        return Wanted(known.artifact, known.run, known.sealed_verdict)
    run = scene.run_of(digest)
    if run is None:
        message = f"no run that gate {scene.spec.gate_ref.name} selects made {digest[:19]}"
        return Held(reasons.PIN_BLOCKED, message)
    given = rights.live_pass(scene, run)
    if isinstance(given, Held):
        return Held(reasons.PIN_BLOCKED, given.message)
    return Wanted(run.artifact, run.name, given)


def newest(scene: Scene) -> Choice | Held | None:
    """The newest run later than what is live that has a Pass of its own under the gate as it stands now."""
    if scene.live is not None and scene.live_revision is None:
        message = f"the record of live revision {scene.live.revision} is gone; nobody knows what is newer"
        return Held(reasons.AUDIT_TAMPERED, message, stops=False)
    later = _latest(scene)
    passing = [(r, v) for r in _judged(scene) if isinstance(v := rights.live_pass(scene, r), VerdictRecord)]
    choices = [_automatic(scene, run, given) for run, given in passing]
    open_ones = [c for c in choices if isinstance(c, Choice) and why_out(scene, c.target) is None]
    # A candidate that is Available already is finished before a newer one starts.
    ready = [c for c in open_ones if is_up(scene.slot(c.target.slot))]
    if open_ones:
        return (ready or open_ones)[0]
    return _stays_out(scene, later, choices) if later else None


def _judged(scene: Scene) -> list[RunFacts]:
    """Later runs about which there is a verdict, newest first: of thousands only these may have passed."""
    digests = {v.digest for v in gates.verdicts(scene.gate)} if scene.gate else set()
    found = [r for digest in digests for r in scene.runs.made(digest) if _is_later(scene, r)]
    return sorted(found, key=age_of, reverse=True)


def _latest(scene: Scene) -> RunFacts | None:
    """The newest run that is later than what is live: runs come newest first, so few are looked at."""
    record = scene.live_revision
    newer = takewhile(
        lambda run: record is None or age(run.artifact) > age(record.artifact), scene.runs.newest_first
    )
    return next((run for run in newer if _is_later(scene, run)), None)


def _is_later(scene: Scene, run: RunFacts) -> bool:
    record = scene.live_revision
    if record is None:
        return True
    return run.artifact.digest != record.artifact.digest and age(run.artifact) > age(record.artifact)


def _automatic(scene: Scene, run: RunFacts, given: VerdictRecord) -> Choice | Held:
    why = f"run {run.name} passed gate {scene.spec.gate_ref.name}"
    wanted = Wanted(run.artifact, run.name, given)
    return choose_digest(scene, wanted, "automatic", reasons.CANDIDATE_STARTING, why)


def _stays_out(scene: Scene, run: RunFacts, passing: list[Choice | Held]) -> Held:
    newest = passing[0] if passing else None
    if isinstance(newest, Held):
        return newest
    if newest is not None:
        target = newest.target
        message = f"run {target.run} passed but stays out: {why_out(scene, target)}"
        return Held(reasons.CANDIDATE_REFUSED, message, stops=False)
    given = rights.live_pass(scene, run)
    if not isinstance(given, Held):
        return Held(reasons.CANDIDATE_STARTING, f"run {run.name} passed meanwhile", stops=False)
    return Held(given.reason, f"{given.message}; it cannot go live", stops=False)


def refresh(scene: Scene) -> Choice | Held | None:
    """The live digest in another slot: profile, arguments or operator changed, or its bytes lie elsewhere."""
    record = scene.live_revision
    if record is None or not rights.has_sealed_pass(record):
        return None
    artifact, why = record.artifact, "the serving profile, the arguments or the operator changed"
    again = scene.run_of(artifact.digest)
    if again is not None and again.artifact != artifact and broken_artifact(scene, record) is not None:
        artifact, why = (
            again.artifact,
            f"run {again.name} made the same artifact again, and the old one is broken",
        )
    wanted = Wanted(artifact, record.run, record.sealed_verdict)
    choice = choose_digest(scene, wanted, "profile", reasons.CANDIDATE_STARTING, why)
    if isinstance(choice, Held):
        return replace(choice, message=f"{why}; {choice.message}")
    if choice.target.slot == record.slot:
        return None
    out = why_out(scene, choice.target)
    return (
        choice
        if out is None
        else Held(reasons.CANDIDATE_REFUSED, f"{why}, but the new slot stays out: {out}")
    )


def held_back(scene: Scene) -> Held | None:
    """What keeps models from going live by themselves: drift, the policy, or the clock."""
    wanted = scene.spec.promotion
    if scene.fold.hold is not None:
        return Held(
            reasons.DRIFT_HOLD, f"what is live drifted; promotions are held since {scene.fold.hold.since}"
        )
    if wanted.policy == "Manual":
        return Held(reasons.MANUAL_PROMOTION, "spec.promotion.policy is Manual")
    left = windows.opens_in(wanted.windows, scene.now)
    if left == 0.0:
        return None
    odd = windows.unknown_zones(wanted.windows)
    told = f"; {', '.join(odd)} is no time zone" if odd else ""
    return Held(reasons.WINDOW_CLOSED, f"no window of spec.promotion.windows is open{told}", left)
