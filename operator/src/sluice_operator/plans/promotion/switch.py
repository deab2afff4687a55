"""How traffic moves: stamp the slot, then one guarded update of the public Service, then the outcome."""

from sluice_api import meta
from sluice_api.audit import GOING_BACK, OpenIntent
from sluice_operator.children import serving
from sluice_operator.facts.gate import Policy
from sluice_operator.facts.live import carries
from sluice_operator.model import Create, Patch, Seen, ServiceView, SlotView
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.promotion import chain, slots
from sluice_operator.plans.promotion.scene import Scene


def move(scene: Scene, draft: Draft, intent: OpenIntent, slot: SlotView) -> None:
    """The next write of an announced transition."""
    public, record = scene.public, scene.revision(intent.revision)
    wanted = slots.manifest(scene, record) if record else None
    if wanted is not None and slots.is_tampered(wanted, slot):
        draft.write(slots.put_back(wanted, slot))
    elif public is None:
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
    return not carries(public, live.transition, live.slot) or _has_more(public)


def _has_more(public: ServiceView | None) -> bool:
    """Whether the selector asks for more than slot and owner: then it may lead nowhere."""
    return public is not None and set(public.selector) != {meta.LABEL_SLOT, meta.LABEL_OWNER}


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
    return Patch("Service", public.meta.name, public.meta.resource_version, body, _seen(scene, intent))


def _seen(scene: Scene, intent: OpenIntent) -> tuple[Seen, ...]:
    """What the right was decided from: the spec always; to go forward, the gate and its suites too."""
    seen = [scene.observed.me]
    if intent.cause not in GOING_BACK and intent.cause != "repair":
        suites = scene.policy.spec.suites if isinstance(scene.policy, Policy) else ()
        packs = (scene.observed.find("DatasetPack", s.dataset_ref.name) for s in suites)
        seen += [r for r in (scene.gate, *packs) if r is not None]
    return tuple(Seen.of(related.resource) for related in seen)
