"""Links of the audit chain: what each of them says, and who acted."""

from dataclasses import dataclass, replace

from sluice_api import reasons
from sluice_api.audit import (
    GOING_BACK,
    AuditRecord,
    Cause,
    DriftHold,
    Fold,
    Live,
    OpenIntent,
    Phase,
    Rejection,
    Spent,
)
from sluice_api.decisions import Request
from sluice_api.reasons import Reason
from sluice_operator.children import records
from sluice_operator.facts import suitechange
from sluice_operator.facts.live import audit_records
from sluice_operator.finished import age
from sluice_operator.model import Create
from sluice_operator.plans.draft import Draft, shorten, stamp
from sluice_operator.plans.promotion import folding
from sluice_operator.plans.promotion.choice import Choice
from sluice_operator.plans.promotion.requests import Answer
from sluice_operator.plans.promotion.scene import Scene

ACTOR = "system:sluice"
_TOLD: frozenset[Phase] = frozenset({"done", "rejected", "pinned", "spent", "held", "released"})
"""Phases that are told as Events; the others are steps on the way."""


@dataclass(frozen=True)
class _Subject:
    """Who acted on what, and why."""

    cause: Cause
    actor: str = ACTOR
    verified: bool = True
    slot: str | None = None
    revision: int | None = None
    digest: str | None = None
    request: str | None = None
    intent: int | None = None


def intend(scene: Scene, draft: Draft, choice: Choice, reason: Reason) -> None:
    """Announce a transition; it is create-only, so a stale leader gets a conflict."""
    intent = _intent(scene, choice)
    fold = scene.fold.model_copy(update={"intent": intent})
    why = "; ".join(filter(None, [choice.why, _other_suites(scene, choice)]))
    _link(scene, draft, "intended", _by(scene, intent, choice.request), fold, reason, why)


def _other_suites(scene: Scene, choice: Choice) -> str:
    """What changed in the suites since the verdict that let in what is live."""
    live = scene.fold.live
    before = scene.revision(live.revision) if live else None
    if before is None:
        return ""
    mine = choice.target.sealed_verdict.suite_digests
    return suitechange.between(before.sealed_verdict.suite_digests, mine)


def intend_repair(scene: Scene, draft: Draft, live: Live, why: str) -> None:
    """Announce that traffic is put back to what is live."""
    where = {"slot": live.slot, "revision": live.revision, "digest": live.digest}
    intent = OpenIntent.parse({"sequence": scene.next_sequence, "cause": "repair", **where})
    fold = scene.fold.model_copy(update={"intent": intent})
    _link(scene, draft, "intended", _by(scene, intent, None), fold, reasons.TRAFFIC_TAMPERED, why)


def finish(scene: Scene, draft: Draft, intent: OpenIntent) -> None:
    """Record that traffic has moved."""
    fold = folding.moved(scene.fold, intent, stamp(scene.now), scene.next_sequence, _newer(scene, intent))
    reason = reasons.ROLLED_BACK if intent.cause in GOING_BACK else reasons.PROMOTED
    reason = reasons.TRAFFIC_TAMPERED if intent.cause == "repair" else reason
    why = f"traffic goes to revision {intent.revision}, {intent.digest[:19]} ({intent.cause})"
    _link(scene, draft, "done", _closing(scene, intent), fold, reason, why)


def abandon(scene: Scene, draft: Draft, intent: OpenIntent, why: str) -> None:
    """Record that an announced transition will not happen. It spends no request."""
    fold = scene.fold.model_copy(update={"intent": None})
    _link(scene, draft, "abandoned", _closing(scene, intent), fold, reasons.SUPERSEDED, why)


def reject(scene: Scene, draft: Draft, choice: Choice, reason: Reason, why: str) -> None:
    """Record that a candidate was tried in vain; that spends the request that asked for it."""
    told = shorten(reason.advise(why))
    subject = _intent(scene, choice)
    rejection = Rejection(digest=subject.digest, revision=subject.revision, reason=reason.code, message=told)
    fold = folding.rejected(scene.fold, subject, rejection)
    _link(scene, draft, "rejected", _by(scene, subject, choice.request), fold, reason, told)


def pin(scene: Scene, draft: Draft, digest: str | None) -> None:
    """Record that the pin changed; who names a digest wants it in spite of an earlier refusal."""
    fold = folding.lifted(scene.fold, digest) if digest else scene.fold
    fold = fold.model_copy(update={"pin_seen": digest})
    why = f"spec.promotion.pin is {digest or 'gone'}"
    subject = _Subject("pin", verified=scene.observed.settings.decisions_verified, digest=digest)
    _link(scene, draft, "pinned", subject, fold, reasons.PINNED if digest else reasons.UP_TO_DATE, why)


def spend(scene: Scene, draft: Draft, answer: Answer) -> None:
    """Record the answer to a request that moves no traffic."""
    request, reason = answer.request, answer.reason
    cleared = request.decision == "clear-rollback" and reason is reasons.REQUEST_DONE
    fold = folding.lifted(scene.fold, request.digest) if cleared else scene.fold
    what = Spent(decision=request.decision, id=request.id, digest=request.digest)
    cause: Cause = "clear-rollback"
    if request.decision in ("promote", "rollback-to"):
        cause = request.decision
    subject = _asked(scene, _Subject(cause, digest=request.digest), request)
    why = f"{request.decision} {request.digest[:19]} by {request.user}: {answer.message}"
    _link(scene, draft, "spent", subject, folding.spent(fold, what, scene.next_sequence), reason, why)


def hold(scene: Scene, draft: Draft, why: str) -> None:
    """Record that drift holds promotions."""
    number = scene.settled.transition if scene.settled else 1
    fold = scene.fold.model_copy(update={"hold": DriftHold(transition=number, since=stamp(scene.now))})
    _link(scene, draft, "held", _on_live(scene), fold, reasons.DRIFT_HOLD, why)


def release(scene: Scene, draft: Draft, reason: Reason, why: str) -> None:
    """Record that drift holds promotions no more."""
    fold = scene.fold.model_copy(update={"hold": None})
    _link(scene, draft, "released", _on_live(scene), fold, reason, why)


def _intent(scene: Scene, choice: Choice) -> OpenIntent:
    return OpenIntent(
        sequence=scene.next_sequence,
        cause=choice.cause,
        slot=choice.target.slot,
        revision=choice.target.revision,
        digest=choice.target.artifact.digest,
        request=choice.request.id if choice.request else None,
    )


def _newer(scene: Scene, intent: OpenIntent) -> set[int]:
    """Revisions whose artifact is newer than the target's; one whose record is gone counts as newer."""
    target = scene.revision(intent.revision)
    older: set[int] = {
        r.revision for r in scene.revisions if target and age(r.artifact) <= age(target.artifact)
    }
    return {item.revision for item in scene.fold.history} - older


def _by(scene: Scene, intent: OpenIntent, request: Request | None) -> _Subject:
    subject = _Subject(intent.cause, slot=intent.slot, revision=intent.revision, digest=intent.digest)
    return _asked(scene, subject, request) if request else subject


def _asked(scene: Scene, subject: _Subject, request: Request) -> _Subject:
    verified = scene.observed.settings.decisions_verified
    return replace(subject, actor=request.user, verified=verified, request=request.id)


def _closing(scene: Scene, intent: OpenIntent) -> _Subject:
    """The outcome of an intent is whose the intent was, also when the request is gone by now."""
    opened = next((r for r in audit_records(scene.me) if r.sequence == intent.sequence), None)
    return _Subject(
        intent.cause,
        actor=opened.actor if opened else ACTOR,
        verified=opened.verified if opened else intent.request is None,
        slot=intent.slot,
        revision=intent.revision,
        digest=intent.digest,
        request=intent.request,
        intent=intent.sequence,
    )


def _on_live(scene: Scene) -> _Subject:
    live = scene.fold.live
    if live is None:
        return _Subject("drift")
    return _Subject("drift", slot=live.slot, revision=live.revision, digest=live.digest)


def _link(
    scene: Scene, draft: Draft, phase: Phase, subject: _Subject, fold: Fold, reason: Reason, why: str
) -> None:
    newest, number = scene.head, scene.next_sequence
    link = AuditRecord(
        chain=newest.chain if newest else scene.resource.meta.uid,
        sequence=number,
        previous_hash=newest.hash if newest else None,
        phase=phase,
        **vars(subject),
        gates_for_edit=scene.observed.settings.gates_for_edit or None,
        reason=reason.code,
        message=shorten(why),
        time=stamp(scene.now),
        fold=fold,
    )
    name = records.audit_name(scene.resource.meta.name, number)
    draft.write(Create(records.record(scene.resource, name, link)), reason if phase in _TOLD else None, why)
    draft.details.append(f"audit {number} {phase}: {why}")
    draft.wake_in(1)
