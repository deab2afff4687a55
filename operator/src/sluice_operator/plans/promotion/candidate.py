"""Bringing a chosen revision up: record, Service, slot, Available, verified, announced."""

from datetime import timedelta
from typing import Any

from sluice_api import reasons
from sluice_api.contracts.envelope import ExitCode, request_hash
from sluice_api.contracts.requests import VerifyRequest
from sluice_api.reasons import REASONS, Reason
from sluice_api.records import RevisionRecord
from sluice_operator.children import records, serving
from sluice_operator.children.jobs import Ask
from sluice_operator.model import Create, Delete, SlotView
from sluice_operator.plans.attempts import advance
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.ended import read_report
from sluice_operator.plans.pods import describe_pods
from sluice_operator.plans.promotion import chain
from sluice_operator.plans.promotion.choice import Choice
from sluice_operator.plans.promotion.scene import Scene, is_up

VERIFY_RETRIES = 3


def slot_manifest(scene: Scene, record: RevisionRecord) -> dict[str, Any]:
    """The slot of a revision, exactly as its record froze it."""
    return serving.slot(
        scene.resource,
        record.slot,
        dict(record.template),
        scene.spec.replicas,
        scene.spec.progress_deadline_seconds,
    )


def bring_up(scene: Scene, draft: Draft, choice: Choice) -> None:
    """The next write that brings the choice nearer to traffic."""
    target = choice.target
    if not choice.recorded:
        draft.write(Create(records.record(scene.resource, target.slot, target)))
        draft.wake_in(1)
        return
    slot = scene.slot(target.slot)
    if slot is None:
        _create_slot(scene, draft, target, choice)
    elif not is_up(slot):
        _wait_for(scene, draft, choice, slot)
    elif choice.cause == "health" or _verified(scene, draft, choice, slot):
        chain.intend(scene, draft, target, choice.cause, choice.reason, choice.why)


def _create_slot(scene: Scene, draft: Draft, target: RevisionRecord, choice: Choice) -> None:
    if not any(s.meta.name == target.slot for s in scene.me.services):
        draft.write(Create(serving.slot_service(scene.resource, target.slot)))
    message = f"slot {target.slot} for {target.artifact.digest[:19]}: {choice.why}"
    draft.write(Create(slot_manifest(scene, target)), reasons.CANDIDATE_STARTING, message)
    draft.wake_in(1)


def _wait_for(scene: Scene, draft: Draft, choice: Choice, slot: SlotView) -> None:
    """Wait until the slot is available, or reject it: at once when its artifact is damaged, else in time."""
    broken = _broken_artifact(scene, choice.target)
    deadline = slot.meta.created_at + timedelta(seconds=scene.spec.progress_deadline_seconds)
    if broken is not None:
        _reject(scene, draft, choice, *broken)
    elif scene.now >= deadline and choice.cause != "health":
        _, doing = describe_pods(scene.slot_pods(slot.meta.name))
        why = (
            f"slot {slot.meta.name} was not available after {scene.spec.progress_deadline_seconds} s: {doing}"
        )
        _reject(scene, draft, choice, reasons.PROGRESS_DEADLINE_EXCEEDED, why)
    else:
        draft.wake_in((deadline - scene.now).total_seconds())


def _broken_artifact(scene: Scene, target: RevisionRecord) -> tuple[Reason, str] | None:
    """What the slot's init container says when it refuses the artifact."""
    asked = request_hash("fetch", serving.fetch_request(target.artifact))
    for pod in scene.slot_pods(target.slot):
        if pod.exit_code != ExitCode.INPUT_WRONG:
            continue
        report = read_report(pod.termination_message, "fetch", asked)
        if report is not None and report.failure is not None:
            reason = REASONS.get(report.failure.reason, reasons.ARTIFACT_DIGEST_MISMATCH)
            return reason, report.failure.message
    return None


def _reject(scene: Scene, draft: Draft, choice: Choice, reason: Reason, why: str) -> None:
    chain.reject(scene, draft, choice.target, choice.cause, reason, why)


def _verified(scene: Scene, draft: Draft, choice: Choice, slot: SlotView) -> bool:
    """Whether the smoke check of this slot, since the last move of traffic, is done and good."""
    ask = verify_ask(scene, choice.target, slot)
    step = advance(scene.observed, draft, ask)
    if step.state == "Failed":
        _reject(scene, draft, choice, step.reason, step.message)
    return step.state == "Done"


def verify_ask(scene: Scene, target: RevisionRecord, slot: SlotView) -> Ask:
    """The smoke check of a slot, named by slot UID and last non-repair transition."""
    moved = scene.fold.history[0].transition if scene.fold.history else 0
    request = VerifyRequest(
        url=serving.service_url(target.slot, scene.resource.meta.namespace),
        model=scene.resource.meta.name,
        digest=target.artifact.digest,
        identity=f"{slot.meta.uid}-{moved}",
    )
    return Ask(
        stage="verify",
        request=request,
        profile=scene.platform.profile,
        storage=scene.platform.storage,
        retry_limit=VERIFY_RETRIES,
    )


def prune_revisions(scene: Scene, draft: Draft, choice: Choice | None) -> None:
    """Delete the oldest revision records beyond the limit that nothing could go back to."""
    slots = {s.meta.name for s in scene.me.slots} | ({choice.target.slot} if choice else set())
    slots |= {scene.live.slot} if scene.live else set()
    views = [v for v in scene.me.records if isinstance(v.record, RevisionRecord)]
    views.sort(key=lambda v: v.record.revision if isinstance(v.record, RevisionRecord) else 0)
    spare = [v for v in views if v.meta.name not in slots]
    for view in spare[: max(0, len(views) - scene.spec.revision_history_limit)]:
        draft.delete(Delete("ControllerRevision", view.meta.name, view.meta.uid, "older than what is kept"))


def remove_spare_slots(scene: Scene, draft: Draft, choice: Choice | None) -> None:
    """Delete slots and their Services outside of live, choice and previous within its window."""
    if scene.fold.intent is not None or draft.writes:
        return
    keep = {choice.target.slot} if choice else set()
    keep |= {scene.live.slot} if scene.live else set()
    previous, until = scene.previous(), scene.keep_previous_until()
    if previous is not None and until is not None and scene.now < until:
        keep.add(previous.slot)
        draft.wake_in((until - scene.now).total_seconds())
    fence = records.audit_name(scene.resource.meta.name, chain.next_sequence(scene))
    for view in scene.me.slots:
        if view.meta.name not in keep and not view.meta.deleting:
            version = view.meta.resource_version
            draft.delete(
                Delete("AppsDeployment", view.meta.name, view.meta.uid, "spare slot", version, fence)
            )
    prune_revisions(scene, draft, choice)
    for service in scene.me.services:
        name = service.meta.name
        if name not in keep and name != scene.resource.meta.name and scene.slot(name) is None:
            draft.delete(Delete("Service", name, service.meta.uid, "its slot is gone"))
