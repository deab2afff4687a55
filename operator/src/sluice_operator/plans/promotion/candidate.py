"""Bringing a chosen revision up: record, slot, Available, verified, soaked, announced."""

from dataclasses import dataclass
from datetime import datetime

from sluice_api import reasons
from sluice_api.audit import GOING_BACK
from sluice_api.contracts.envelope import request_hash
from sluice_api.contracts.requests import VerifyRequest
from sluice_api.reasons import Reason, Severity
from sluice_operator.children import records, serving
from sluice_operator.children.jobs import Ask
from sluice_operator.facts.stages import attempts_of
from sluice_operator.model import Create, Delete, PodView, SlotView
from sluice_operator.plans.attempts import advance
from sluice_operator.plans.draft import Draft, Stop
from sluice_operator.plans.pods import describe_pods
from sluice_operator.plans.promotion import chain, slots
from sluice_operator.plans.promotion.choice import Choice
from sluice_operator.plans.promotion.damage import broken_artifact
from sluice_operator.plans.promotion.scene import Scene, down_since, is_up, up_since

VERIFY_RETRIES = 3


@dataclass(frozen=True)
class Progress:
    """How far a candidate is."""

    reason: Reason
    message: str
    waits: bool = False
    """For people, or for room."""


def bring_up(scene: Scene, draft: Draft, choice: Choice) -> Progress:
    """The next write that brings the choice nearer to traffic."""
    target = choice.target
    slot = scene.slot(target.slot)
    if not choice.recorded:
        draft.write(Create(records.record(scene.resource, target.slot, target)))
        draft.wake_in(1)
    elif slot is None:
        _create_slot(scene, draft, choice)
    elif not slots.is_as_wanted(slots.manifest(scene, target), slot):
        draft.write(slots.put_back(slots.manifest(scene, target), slot))
        draft.wake_in(1)
    elif not is_up(slot):
        return _wait_for(scene, draft, choice, slot)
    else:
        return _announce(scene, draft, choice, slot)
    return Progress(choice.reason, choice.why)


def _create_slot(scene: Scene, draft: Draft, choice: Choice) -> None:
    target = choice.target
    if not any(s.meta.name == target.slot for s in scene.me.services):
        draft.write(Create(serving.slot_service(scene.resource, target.slot)))
    message = f"slot {target.slot} for {target.artifact.digest[:19]}: {choice.why}"
    draft.write(Create(slots.manifest(scene, target)), choice.reason, message)
    draft.wake_in(1)


def _wait_for(scene: Scene, draft: Draft, choice: Choice, slot: SlotView) -> Progress:
    """Wait until the slot is available, or reject it: at once when its artifact is broken, else in time."""
    reason, doing = describe_pods(scene.slot_pods(slot.meta.name), slot.refusal)
    broken = broken_artifact(scene, choice.target)
    left = scene.left(_waits_since(scene, slot), scene.spec.progress_deadline_seconds)
    if broken is not None:
        chain.reject(scene, draft, choice, *broken)
    elif left > 0:
        draft.wake_in(left)
        if reason.severity is Severity.WARNING:
            return Progress(reason, f"{choice.why}; {doing}", waits=True)
    elif reason is reasons.UNSCHEDULABLE:
        _make_room(scene, draft, choice)
        return Progress(reason, f"{choice.why}; {doing}", waits=True)
    else:
        seconds = scene.spec.progress_deadline_seconds
        why = f"slot {slot.meta.name} was not available after {seconds} s: {doing}"
        chain.reject(scene, draft, choice, reasons.PROGRESS_DEADLINE_EXCEEDED, why)
    return Progress(choice.reason, f"{choice.why}; {doing}")


def _waits_since(scene: Scene, slot: SlotView) -> datetime:
    """Since when the slot could have become available: a Pod that no node took had no chance before."""
    since = [slot.meta.created_at, down_since(slot) or slot.meta.created_at]
    pods = [p for p in scene.slot_pods(slot.meta.name) if not p.meta.deleting]
    newest: PodView | None = max(pods, key=lambda p: (p.meta.created_at, p.meta.name), default=None)
    if newest is not None and newest.scheduled_at is not None:
        since.append(newest.scheduled_at)
    return max(since)


def _make_room(scene: Scene, draft: Draft, choice: Choice) -> None:
    """Give up the previous slot for a candidate that no node takes; never for a return."""
    previous, live = scene.left_behind, scene.slot(scene.live.slot) if scene.live else None
    slot = scene.slot(previous.slot) if previous else None
    wanted = slot is None or slot.meta.name == choice.target.slot
    if slot is None or wanted or slot.meta.deleting or not is_up(live) or choice.cause in GOING_BACK:
        return
    fence = records.audit_name(scene.resource.meta.name, scene.next_sequence)
    why = f"its room is for {choice.target.slot}, which no node takes"
    draft.delete(
        Delete("AppsDeployment", slot.meta.name, slot.meta.uid, why, slot.meta.resource_version, fence)
    )


def _announce(scene: Scene, draft: Draft, choice: Choice, slot: SlotView) -> Progress:
    """Verify, soak, and announce. A return never soaks, and a slot that was verified once returns at once."""
    returns = choice.cause in GOING_BACK
    if not (returns and _was_verified(scene, choice, slot)) and not _is_verified(scene, draft, choice, slot):
        if isinstance(scene.platform, Stop):
            why = f"{choice.why}; nothing can verify slot {slot.meta.name}: {scene.platform.told}"
            return Progress(scene.platform.reason, why, waits=True)
        return Progress(reasons.CANDIDATE_VERIFYING, f"{choice.why}; slot {slot.meta.name} is being verified")
    soak = scene.spec.promotion.soak_seconds
    left = scene.left(up_since(slot) or scene.now, soak)
    if left > 0 and not returns:
        draft.wake_in(left)
        return Progress(reasons.SOAKING, f"{choice.why}; slot {slot.meta.name} soaks for {soak} s")
    chain.intend(scene, draft, choice, reasons.ROLLED_BACK if returns else reasons.PROMOTED)
    return Progress(reasons.CANDIDATE_VERIFYING, f"{choice.why}; traffic is about to move")


def _was_verified(scene: Scene, choice: Choice, slot: SlotView) -> bool:
    """Whether this very slot passed its smoke check in any of its lives."""
    moves = [0, *(item.transition for item in scene.fold.history)]
    asked = (request_hash("verify", verify_request(scene, choice, slot, moved)) for moved in moves)
    done = (attempts_of(scene.me, "verify", known) for known in asked)
    return any(record.outcome == "Succeeded" for attempts in done for record in attempts)


def _is_verified(scene: Scene, draft: Draft, choice: Choice, slot: SlotView) -> bool:
    """Whether the smoke check of this slot, since the last move of traffic, is done and good."""
    if isinstance(scene.platform, Stop):
        return False
    moved = scene.settled.transition if scene.settled else 0
    ask = Ask(
        stage="verify",
        request=verify_request(scene, choice, slot, moved),
        profile=scene.platform.profile,
        storage=scene.platform.storage,
        retry_limit=VERIFY_RETRIES,
    )
    step = advance(scene.observed, draft, ask)
    if step.state == "Failed":
        chain.reject(scene, draft, choice, step.reason, step.message)
    return step.state == "Done"


def verify_request(scene: Scene, choice: Choice, slot: SlotView, moved: int) -> VerifyRequest:
    """The smoke check of a slot, named by slot UID and a non-repair transition."""
    return VerifyRequest(
        url=serving.service_url(choice.target.slot, scene.resource.meta.namespace),
        model=scene.resource.meta.name,
        digest=choice.target.artifact.digest,
        identity=f"{slot.meta.uid}-{moved}",
    )
