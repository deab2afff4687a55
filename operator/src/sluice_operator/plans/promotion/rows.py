"""The table: one write per pass, first match wins.

| # | Observed | Write |
|---|---|---|
| 1 | intent N open, Service carries N | record `done` |
| 2 | intent open, still first choice below, target up, right holds (repair: always) | stamp, then point |
| 3 | intent open otherwise | fence Service; then record `abandoned` |
| 4 | Service differs from live, or the live slot was changed by hand | `intended`, cause `repair` |
| 5 | live slot missing | create it |
| 6 | pin differs from pin seen | record `pinned` |
| 7 | request spent | ignore |
| 8 | request stale, clear, no-op or impossible | record `spent` |
| 9 | rollback-to, target up, or no health target up | choose it |
| 10 | live down for the deadline, or unbuildable | an earlier revision; else `RollbackBlocked`, go on |
| 11 | drifted, live by promotion | as 10 |
| 12 | gate missing, paused, a profile missing, or chain tampered with | none, reason |
| 13 | promote, with right | choose it |
| 14 | pin | choose it, or its reason; stop |
| 15 | drift hold, Manual, or no window open | none, reason |
| 16 | newest run later than live, with a valid Pass | choose it |
| 17 | live digest, other revision | choose it |

Rows 1 to 8 write and end the pass, like the beginning and the end of a drift hold; rows 9 to 17 only choose,
because row 2 asks them again before traffic moves. Then what nobody needs is removed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.audit import OpenIntent
from sluice_operator.facts import audit
from sluice_operator.facts.live import carries
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.promotion import (
    back,
    chain,
    hold,
    onward,
    repair,
    requests,
    rights,
    spare,
    switch,
    windows,
)
from sluice_operator.plans.promotion.candidate import Progress, bring_up
from sluice_operator.plans.promotion.choice import Choice, Held
from sluice_operator.plans.promotion.scene import Scene, is_up

Acts = Callable[[Scene, Draft], bool]
Chooses = Callable[[Scene], Choice | Held | None]


@dataclass(frozen=True)
class Moved:
    """What this pass does: the choice that it works for, and what was held on the way to it."""

    choice: Choice | None = None
    progress: Progress | None = None
    held: tuple[Held, ...] = ()
    """In the order of the rows."""
    is_moving: bool = False
    """Traffic or what it leads to is at work: rows 1 to 5."""


def run_rows(scene: Scene, draft: Draft) -> Moved:
    """Run the table."""
    if any(row(scene, draft) for row in MOVES):
        return Moved(is_moving=True)
    noted = any(row(scene, draft) for row in NOTES)
    choice, held = choose(scene)
    if noted:
        return Moved(choice, None, held)
    progress = bring_up(scene, draft, choice) if choice else None
    for found in held:
        draft.wake_in(found.wake_in)
    if choice is not None and choice.cause in ("automatic", "profile"):
        draft.wake_in(windows.closes_in(scene.spec.promotion.windows, scene.now))
    if not back.is_waiting(scene):
        spare.remove_spares(scene, draft, choice)
    return Moved(choice, progress, held)


def choose(scene: Scene) -> tuple[Choice | None, tuple[Held, ...]]:
    """First match of rows 9 to 17, and what the rows before it held."""
    held: list[Held] = []
    for row in CHOOSES:
        found = row(scene)
        if isinstance(found, Choice):
            return found, tuple(held)
        if found is not None:
            held.append(found)
            if found.stops:
                break
    return None, tuple(held)


def row_1_done(scene: Scene, draft: Draft) -> bool:
    """Intent open, Service carries its number: record the outcome."""
    intent = scene.fold.intent
    if intent is None or not carries(scene.public, intent.sequence, intent.slot):
        return False
    chain.finish(scene, draft, intent)
    return True


def row_2_switch(scene: Scene, draft: Draft) -> bool:
    """Intent open, and every condition of a new switch still holds: go on with it."""
    intent = scene.fold.intent
    slot = scene.slot(intent.slot) if intent else None
    if intent is None or slot is None or not _still_holds(scene, intent):
        return False
    switch.move(scene, draft, intent, slot)
    return True


def _still_holds(scene: Scene, intent: OpenIntent) -> bool:
    if intent.cause == "repair":
        return scene.live is not None and scene.live.slot == intent.slot
    if (scene.live is not None and switch.is_foreign(scene)) or not is_up(scene.slot(intent.slot)):
        return False
    choice, _ = choose(scene)
    if choice is None or not choice.recorded:
        return False
    asked = choice.request.id if choice.request else None
    return (choice.target.slot, choice.cause, asked) == (intent.slot, intent.cause, intent.request)


def row_3_abandon(scene: Scene, draft: Draft) -> bool:
    """Intent open otherwise: fence the Service, then record that nothing comes of it."""
    intent = scene.fold.intent
    if intent is None:
        return False
    why = f"transition {intent.sequence} to {intent.slot} is not the first choice any more"
    switch.give_up(scene, draft, intent, why)
    return True


def row_4_repair(scene: Scene, draft: Draft) -> bool:
    """Service or live slot differ from what is live: announce a repair, or clear what nobody promoted."""
    if scene.live is None:
        return repair.clear_foreign(scene, draft)
    why = repair.why_changed(scene, scene.live)
    if why is not None:
        chain.intend_repair(scene, draft, scene.live, why)
    return why is not None


def row_5_live_slot(scene: Scene, draft: Draft) -> bool:
    """Live slot missing: create it. Its size follows the spec."""
    return repair.keep_live_slot(scene, draft)


def row_6_pin_seen(scene: Scene, draft: Draft) -> bool:
    """Pin differs from the pin seen: record it; that lifts the refusal of the digest it names."""
    pin = scene.spec.promotion.pin
    if pin == scene.fold.pin_seen:
        return False
    chain.pin(scene, draft, pin)
    return True


def row_8_answer(scene: Scene, draft: Draft) -> bool:
    """Request stale, clear, no-op or impossible: record the answer. (Row 7: a spent one is never open.)"""
    answer = requests.answer(scene)
    if answer is None:
        return False
    chain.spend(scene, draft, answer)
    return True


def row_9_rollback_to(scene: Scene) -> Choice | Held | None:
    """What a person wants back: unless it is down and a health rollback has one that is up."""
    request = requests.open_request(scene.me, "rollback-to")
    target = back.target_of(scene, request.digest) if request else None
    if request is None or target is None:
        return None
    if not is_up(scene.slot(target.slot)) and back.has_healthy_target(scene):
        return None
    why = f"rollback to {request.digest[:19]} by {request.user}"
    return Choice(target, "rollback-to", reasons.ROLLBACK_PREPARING, why, request)


def row_10_down(scene: Scene) -> Choice | Held | None:
    """Live down for its deadline, or unbuildable: go back."""
    why = back.why_unhealthy(scene)
    return back.go_back(scene, "health", why) if isinstance(why, str) else why


def row_11_drifted(scene: Scene) -> Choice | Held | None:
    """Live drifted: go back."""
    why = back.why_drifted(scene)
    return back.go_back(scene, "drift", why) if why is not None else None


def row_12_closed(scene: Scene) -> Held | None:
    """Gate missing, paused, a profile missing, or a link of the chain is not as it was written: nothing below
    may act."""
    torn = audit.findings(scene.me)
    if torn:
        return Held(reasons.AUDIT_TAMPERED, audit.describe(torn))
    if scene.lacks is not None:
        return Held(scene.lacks.reason, scene.lacks.message)
    if scene.spec.paused:
        return rights.gate_holds(scene) or Held(
            reasons.PAUSED, "spec.paused is true; nothing new is promoted"
        )
    return rights.gate_holds(scene)


def row_13_promote(scene: Scene) -> Choice | Held | None:
    """What a person promotes, once it has the right; refusal and rejection are theirs to overrule."""
    request = requests.open_request(scene.me, "promote")
    return onward.promote(scene, request) if request else None


def row_14_pin(scene: Scene) -> Choice | Held | None:
    """What the pin names, or why not."""
    pin = scene.spec.promotion.pin
    return onward.pinned(scene, pin) if pin is not None else None


def row_15_held(scene: Scene) -> Held | None:
    """Drift hold, Manual, or no window open, while a row below would choose."""
    held = onward.held_back(scene)
    would = held is not None and any(
        isinstance(row(scene), Choice) for row in (row_16_newest, row_17_upgrade)
    )
    return held if would else None


def row_16_newest(scene: Scene) -> Choice | Held | None:
    """The newest run later than live with a valid Pass, not refused or rejected."""
    return onward.newest(scene)


def row_17_upgrade(scene: Scene) -> Choice | Held | None:
    """The live digest in another revision."""
    return onward.refresh(scene)


MOVES: tuple[Acts, ...] = (row_1_done, row_2_switch, row_3_abandon, row_4_repair, row_5_live_slot)
NOTES: tuple[Acts, ...] = (row_6_pin_seen, row_8_answer, hold.note_drift)
CHOOSES: tuple[Chooses, ...] = (
    row_9_rollback_to,
    row_10_down,
    row_11_drifted,
    row_12_closed,
    row_13_promote,
    row_14_pin,
    row_15_held,
    row_16_newest,
    row_17_upgrade,
)
