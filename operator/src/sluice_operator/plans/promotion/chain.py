"""Links of the audit chain: what each of them says, and what the chain says with it."""

from typing import Literal

from sluice_api import reasons
from sluice_api.audit import (
    AuditRecord,
    Cause,
    Fold,
    HistoryItem,
    Live,
    OpenIntent,
    Phase,
    Refusal,
    Rejection,
)
from sluice_api.reasons import Reason
from sluice_api.records import RevisionRecord
from sluice_operator.children import records
from sluice_operator.facts.live import head
from sluice_operator.model import Create
from sluice_operator.plans.draft import Draft, shorten, stamp
from sluice_operator.plans.promotion.scene import Scene

ACTOR = "system:sluice"
_KEPT_HISTORY = 20
_KEPT_REJECTED = 10
_KEPT_REFUSED = 50


def intend(
    scene: Scene, draft: Draft, target: RevisionRecord, cause: Cause, reason: Reason, why: str
) -> None:
    """Announce a transition; it is create-only, so a stale leader gets a conflict."""
    number = next_sequence(scene)
    intent = OpenIntent(
        sequence=number,
        cause=cause,
        slot=target.slot,
        revision=target.revision,
        digest=target.artifact.digest,
    )
    fold = scene.fold.model_copy(update={"intent": intent})
    _link(scene, draft, "intended", intent, fold, reason, why)


def finish(scene: Scene, draft: Draft, intent: OpenIntent) -> None:
    """Record that traffic has moved."""
    fold = _after(scene, intent)
    reason = {
        "repair": reasons.TRAFFIC_TAMPERED,
        "health": reasons.ROLLED_BACK,
    }.get(intent.cause, reasons.PROMOTED)
    why = f"traffic goes to revision {intent.revision}, {intent.digest[:19]} ({intent.cause})"
    _link(scene, draft, "done", intent, fold, reason, why)


def abandon(scene: Scene, draft: Draft, intent: OpenIntent, why: str) -> None:
    """Record that an announced transition will not happen."""
    fold = scene.fold.model_copy(update={"intent": None})
    _link(scene, draft, "abandoned", intent, fold, reasons.SUPERSEDED, why)


def reject(
    scene: Scene, draft: Draft, target: RevisionRecord, cause: Cause, reason: Reason, why: str
) -> None:
    """Record that a candidate was tried and will not be tried again."""
    told = shorten(reason.advise(why))
    rejection = Rejection(
        digest=target.artifact.digest, revision=target.revision, reason=reason.code, message=told
    )
    known = scene.fold.rejected
    fold = scene.fold.model_copy(update={"rejected": (rejection, *known)[:_KEPT_REJECTED]})
    subject = OpenIntent(
        sequence=next_sequence(scene),
        cause=cause,
        slot=target.slot,
        revision=target.revision,
        digest=target.artifact.digest,
    )
    _link(scene, draft, "rejected", subject, fold, reason, told)


def next_sequence(scene: Scene) -> int:
    """Number of the next link."""
    newest = head(scene.me)
    return newest.sequence + 1 if newest else 1


def _after(scene: Scene, intent: OpenIntent) -> Fold:
    """The fold once an intent is done. A repair changes neither history nor windows."""
    before = scene.fold
    if intent.cause == "repair" and before.live is not None:
        moved = before.live.model_copy(update={"transition": intent.sequence})
        return before.model_copy(update={"live": moved, "intent": None})
    now = stamp(scene.now)
    back = intent.cause == "health"
    live = Live(
        transition=intent.sequence,
        slot=intent.slot,
        revision=intent.revision,
        digest=intent.digest,
        by_promotion=not back,
        since=now,
    )
    item = HistoryItem(
        transition=intent.sequence,
        slot=intent.slot,
        revision=intent.revision,
        digest=intent.digest,
        cause=intent.cause,
        time=now,
    )
    refused = (*_passed_over(before, intent), *before.refused) if back else before.refused
    return Fold(
        live=live,
        history=(item, *before.history)[:_KEPT_HISTORY],
        refused=refused[:_KEPT_REFUSED],
        rejected=before.rejected,
    )


def _passed_over(before: Fold, intent: OpenIntent) -> tuple[Refusal, ...]:
    """Digests promoted since the target was last live: all are refused, or one would return at once."""
    passed: list[Refusal] = []
    for item in before.history:
        if item.slot == intent.slot:
            break
        revision = item.revision if item.digest == intent.digest else None
        if not before.refuses(item.digest, item.revision) and all(r.digest != item.digest for r in passed):
            passed.append(Refusal(digest=item.digest, revision=revision, transition=intent.sequence))
    return tuple(passed)


def _link(
    scene: Scene, draft: Draft, phase: Phase, subject: OpenIntent, fold: Fold, reason: Reason, why: str
) -> None:
    newest = head(scene.me)
    number = next_sequence(scene)
    link = AuditRecord(
        chain=newest.chain if newest else scene.resource.meta.uid,
        sequence=number,
        previous_hash=newest.hash if newest else None,
        phase=phase,
        cause=subject.cause,
        actor=ACTOR,
        intent=subject.sequence if phase in ("done", "abandoned") else None,
        slot=subject.slot,
        revision=subject.revision,
        digest=subject.digest,
        reason=reason.code,
        message=shorten(why),
        time=stamp(scene.now),
        fold=fold,
    )
    name = records.audit_name(scene.resource.meta.name, number)
    announce: dict[Phase, Literal[True]] = {"done": True, "rejected": True}
    told = reason if phase in announce else None
    draft.write(Create(records.record(scene.resource, name, link)), told, why)
    draft.details.append(f"audit {number} {phase}: {why}")
    draft.wake_in(1)
