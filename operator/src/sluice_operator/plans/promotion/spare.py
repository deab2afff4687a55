"""Removing what nobody needs: slots outside of their windows, and the oldest revision records."""

from sluice_api.records import RevisionRecord
from sluice_operator.children import records
from sluice_operator.model import Delete, Patch, SlotView
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.promotion.choice import Choice
from sluice_operator.plans.promotion.scene import Scene


def remove_spares(scene: Scene, draft: Draft, choice: Choice | None) -> None:
    """Delete slots outside of live, choice and the one that was left within its window."""
    if scene.fold.intent is not None or draft.writes or draft.deletes:
        return
    keep = {choice.target.slot} if choice else set()
    keep |= {scene.live.slot} if scene.live else set()
    keep |= _keep_left(scene, draft, keep)
    for slot in scene.me.slots:
        if slot.meta.name not in keep and not slot.meta.deleting:
            draft.delete(_delete(scene, slot))
    for service in scene.me.services:
        name = service.meta.name
        if name not in keep and name != scene.resource.meta.name and scene.slot(name) is None:
            draft.delete(Delete("Service", name, service.meta.uid, "its slot is gone"))
    _prune_revisions(scene, draft, keep)


def _keep_left(scene: Scene, draft: Draft, keep: set[str]) -> set[str]:
    """The slot that traffic left, while its window is open; after a rollback it drains and then rests."""
    left = scene.left_behind
    if left is None or scene.has_rejected(left):
        return set()
    until = scene.kept_until()
    if until is not None and scene.now >= until:
        return set()
    if until is not None:
        draft.wake_in((until - scene.now).total_seconds())
    if left.slot not in keep:
        _drain(scene, draft, left)
    return {left.slot}


def _drain(scene: Scene, draft: Draft, left: RevisionRecord) -> None:
    """Scale the loser of a rollback to zero: re-pointing leaves keep-alive connections where they are."""
    slot, until = scene.slot(left.slot), scene.drains_until
    if slot is None or until is None or slot.replicas == 0:
        return
    if scene.now < until:
        draft.wake_in((until - scene.now).total_seconds())
        return
    fence = records.audit_name(scene.resource.meta.name, scene.next_sequence)
    body = {"spec": {"replicas": 0}}
    draft.write(
        Patch("AppsDeployment", slot.meta.name, slot.meta.resource_version, body, unless_record=fence)
    )
    draft.details.append(f"slot {slot.meta.name} is scaled to zero: traffic was taken from it")


def _delete(scene: Scene, slot: SlotView) -> Delete:
    """The slot was read, then the chain is, then that very version is deleted: a late deletion by a stale
    leader must not remove what somebody has just chosen."""
    fence = records.audit_name(scene.resource.meta.name, scene.next_sequence)
    version = slot.meta.resource_version
    return Delete("AppsDeployment", slot.meta.name, slot.meta.uid, "spare slot", version, fence)


def _prune_revisions(scene: Scene, draft: Draft, keep: set[str]) -> None:
    """Delete the oldest revision records beyond the limit; slots, live and what was rejected keep theirs."""
    slots = {s.meta.name for s in scene.me.slots} | keep
    rejected = {r.revision for r in scene.fold.rejected}
    views = [v for v in scene.me.records if isinstance(v.record, RevisionRecord)]
    views.sort(key=lambda v: _number(v.record))
    spare = [v for v in views if v.meta.name not in slots and _number(v.record) not in rejected]
    for view in spare[: max(0, len(views) - scene.spec.revision_history_limit)]:
        draft.delete(Delete("ControllerRevision", view.meta.name, view.meta.uid, "older than what is kept"))


def _number(record: object) -> int:
    return record.revision if isinstance(record, RevisionRecord) else 0
