"""The table: one write per pass, first match wins.

| Row | Observed | Write |
|---|---|---|
| 1 | intent N open, Service carries N | record `done` |
| 2 | intent open, still the first choice, target up | create Service; stamp slot; update Service |
| 3 | intent open otherwise | fence Service; record `abandoned` |
| 4 | Service differs from live | `intended`, cause repair |
| 5 | live slot missing or changed by hand | create or put back the slot |
| 10 | live down for its deadline | choose an earlier slot that is up |
| 12 | gate missing, or paused | none, with its reason |
| 16 | newest run later than live with a valid Pass | choose |
| 17 | live digest in a newer revision | choose |
"""

from collections.abc import Callable
from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.audit import OpenIntent
from sluice_operator.children import serving
from sluice_operator.facts.live import carries
from sluice_operator.model import Apply, Create
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.promotion import candidate, chain, switch
from sluice_operator.plans.promotion.choice import Choice, Held, choose
from sluice_operator.plans.promotion.scene import Scene, is_up
from sluice_operator.plans.subset import is_subset


@dataclass(frozen=True)
class Moved:
    """What this pass does: the choice that it works for, or why nothing changes."""

    choice: Choice | None = None
    held: Held | None = None


def run_rows(scene: Scene, draft: Draft) -> Moved:
    """Run the table."""
    for row in ROWS:
        moved = row(scene, draft)
        if moved is not None:
            return moved
    return _follow(scene, draft)


def _row_1_finish(scene: Scene, draft: Draft) -> Moved | None:
    intent = scene.fold.intent
    if intent is None or not carries(scene.public, intent.sequence, intent.slot):
        return None
    chain.finish(scene, draft, intent)
    return Moved()


def _row_2_go_on(scene: Scene, draft: Draft) -> Moved | None:
    intent = scene.fold.intent
    if intent is None:
        return None
    slot = scene.slot(intent.slot)
    if slot is None or not _still_first(scene, intent) or not (is_up(slot) or intent.cause == "repair"):
        return None
    switch.move(scene, draft, intent, slot)
    return Moved()


def _still_first(scene: Scene, intent: OpenIntent) -> bool:
    """Whether the rows below would choose the same again: every condition of a new switch still holds."""
    live = scene.live
    if intent.cause == "repair":
        return live is not None and live.slot == intent.slot and switch.is_foreign(scene)
    if live is not None and switch.is_foreign(scene):
        return False
    choice = choose(scene)
    if not isinstance(choice, Choice) or not choice.recorded:
        return False
    return (choice.target.slot, choice.cause) == (intent.slot, intent.cause)


def _row_3_abandon(scene: Scene, draft: Draft) -> Moved | None:
    intent = scene.fold.intent
    if intent is None:
        return None
    why = f"transition {intent.sequence} to {intent.slot} is not the first choice any more"
    switch.give_up(scene, draft, intent, why)
    return Moved()


def _row_4_repair(scene: Scene, draft: Draft) -> Moved | None:
    if not switch.is_foreign(scene):
        return None
    live = scene.live
    if live is None:
        if scene.public is not None:
            switch.clear(draft, scene.public)
        return Moved()
    target = scene.revision(live.revision)
    if target is None:
        return Moved(
            held=Held(reasons.ROLLBACK_BLOCKED, f"the record of live revision {live.revision} is gone")
        )
    if scene.slot(live.slot) is None:
        return None
    why = f"the Service {scene.resource.meta.name} was changed by hand; traffic is put back to {live.slot}"
    chain.intend(scene, draft, target, "repair", reasons.TRAFFIC_TAMPERED, why)
    return Moved()


def _row_5_keep_live(scene: Scene, draft: Draft) -> Moved | None:
    live = scene.live
    record = scene.revision(live.revision) if live else None
    if live is None or record is None:
        return None
    if not any(s.meta.name == live.slot for s in scene.me.services):
        draft.write(Create(serving.slot_service(scene.resource, live.slot)))
    slot = scene.slot(live.slot)
    wanted = candidate.slot_manifest(scene, record)
    if slot is None:
        why = f"live slot {live.slot} was gone; it is built again from its revision"
        draft.write(Create(wanted), reasons.TRAFFIC_TAMPERED, why)
    elif not slot.meta.deleting and not is_subset(wanted["spec"], slot.spec):
        tampered = not is_subset(wanted["spec"]["template"], slot.spec.get("template", {}))
        told = reasons.TRAFFIC_TAMPERED if tampered else None
        draft.write(Apply(wanted), told, f"slot {live.slot} was changed; it is put back")
    return None


def _follow(scene: Scene, draft: Draft) -> Moved:
    """Rows 10 to 17: choose, bring the choice up, announce it; then remove what nobody needs."""
    choice = choose(scene)
    if isinstance(choice, Held):
        draft.wake_in(choice.wake_in)
        if not choice.keep_slots:
            candidate.remove_spare_slots(scene, draft, None)
        return Moved(held=choice)
    candidate.bring_up(scene, draft, choice)
    candidate.remove_spare_slots(scene, draft, choice)
    return Moved(choice=choice)


ROWS: tuple[Callable[[Scene, Draft], Moved | None], ...] = (
    _row_1_finish,
    _row_2_go_on,
    _row_3_abandon,
    _row_4_repair,
    _row_5_keep_live,
)
