"""How traffic moves: stamp the slot, then one guarded update of the public Service, then the outcome."""

from sluice_api import meta
from sluice_api.audit import OpenIntent
from sluice_operator.children import serving
from sluice_operator.facts.live import carries
from sluice_operator.model import Create, Patch, Related, Seen, ServiceView, SlotView
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.promotion import chain
from sluice_operator.plans.promotion.scene import Scene


def move(scene: Scene, draft: Draft, intent: OpenIntent, slot: SlotView) -> None:
    """The next write of an announced transition."""
    public = scene.public
    if public is None:
        draft.write(Create(serving.public_service(scene.resource)))
    elif slot.meta.annotations.get(meta.ANNOTATION_TRANSITION) != str(intent.sequence):
        draft.write(_stamp(slot, intent.sequence))
    else:
        draft.write(_point(scene, public, intent))
    draft.wake_in(1)


def give_up(scene: Scene, draft: Draft, intent: OpenIntent, why: str) -> None:
    """Fence the Service, so that a late switch by a stale leader conflicts; then record it."""
    public = scene.public
    fenced = public is None or public.meta.annotations.get(meta.ANNOTATION_FENCE) == str(intent.sequence)
    if public is not None and not fenced:
        body = {"metadata": {"annotations": {meta.ANNOTATION_FENCE: str(intent.sequence)}}}
        draft.write(Patch("Service", public.meta.name, public.meta.resource_version, body))
        draft.wake_in(1)
        return
    chain.abandon(scene, draft, intent, why)


def clear(draft: Draft, public: ServiceView) -> None:
    """Take a foreign selector away before anything was promoted."""
    body = {"spec": {"selector": None}, "metadata": {"annotations": {meta.ANNOTATION_TRANSITION: None}}}
    draft.write(Patch("Service", public.meta.name, public.meta.resource_version, body))
    draft.wake_in(1)


def is_foreign(scene: Scene) -> bool:
    """Whether the public Service differs from what is live, or is gone."""
    live, public = scene.live, scene.public
    if live is None:
        return public is not None and bool(public.selector)
    return not carries(public, live.transition, live.slot)


def _stamp(slot: SlotView, number: int) -> Patch:
    body = {"metadata": {"annotations": {meta.ANNOTATION_TRANSITION: str(number)}}}
    return Patch("AppsDeployment", slot.meta.name, slot.meta.resource_version, body)


def _point(scene: Scene, public: ServiceView, intent: OpenIntent) -> Patch:
    """Selector and number in one write; a merge patch drops foreign selector keys by naming them null."""
    selector: dict[str, str | None] = dict.fromkeys(public.selector)
    selector[meta.LABEL_SLOT] = intent.slot
    selector[meta.LABEL_OWNER] = scene.resource.meta.name
    body = {
        "metadata": {"annotations": {meta.ANNOTATION_TRANSITION: str(intent.sequence)}},
        "spec": {"selector": selector},
    }
    requires = () if intent.cause in ("repair", "health") else _seen(scene.gate)
    return Patch("Service", public.meta.name, public.meta.resource_version, body, requires)


def _seen(gate: Related | None) -> tuple[Seen, ...]:
    if gate is None:
        return ()
    found = gate.resource
    return (Seen(found.kind, found.meta.name, found.meta.uid, found.meta.generation),)
