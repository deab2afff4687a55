"""Putting back what was changed by hand: the public Service, and the slot that is live."""

from sluice_api import reasons
from sluice_api.audit import Live
from sluice_operator.children import serving
from sluice_operator.model import Create
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.promotion import slots, switch
from sluice_operator.plans.promotion.scene import Scene


def clear_foreign(scene: Scene, draft: Draft) -> bool:
    """Take a selector away that was there before anything was promoted."""
    if scene.public is None or not switch.is_foreign(scene):
        return False
    switch.clear(draft, scene.public)
    return True


def why_changed(scene: Scene, live: Live) -> str | None:
    """How the Service or the live slot differs from what is live; None when neither does.

    A slot that is missing is built first: nothing can be stamped before.
    """
    slot, target = scene.slot(live.slot), scene.live_revision
    if slot is None or slot.meta.deleting:
        return None
    if switch.is_foreign(scene):
        what = f"the Service {scene.resource.meta.name}"
    elif target is not None and slots.is_tampered(slots.manifest(scene, target), slot):
        what = f"slot {live.slot}"
    else:
        return None
    return f"{what} was changed by hand; traffic is put back to {live.slot}"


def keep_live_slot(scene: Scene, draft: Draft) -> bool:
    """Build the live slot and its Service again when they are gone; keep the slot's size as the spec says."""
    live, record = scene.live, scene.live_revision
    if live is None or record is None:
        return False
    slot, wanted = scene.slot(live.slot), slots.manifest(scene, record)
    if not any(s.meta.name == live.slot for s in scene.me.services):
        draft.write(Create(serving.slot_service(scene.resource, live.slot)))
    if slot is None:
        why = f"live slot {live.slot} was gone; it is built again from its revision"
        draft.write(Create(wanted), reasons.TRAFFIC_TAMPERED, why)
    elif not slot.meta.deleting and not slots.is_as_wanted(wanted, slot):
        draft.write(slots.put_back(wanted, slot))
    if draft.writes:
        draft.wake_in(1)
    return bool(draft.writes)
