"""Windows, health, drift: section 5 of the rules."""

from dataclasses import replace as changed
from datetime import timedelta
from typing import Any

from chaos.rules.taking import Remove, Rule, no, put
from sluice_api.audit import OpenIntent
from sluice_operator.facts import drift
from sluice_operator.plans.promotion import (
    back,
    candidate,
    folding,
    hold,
    onward,
    repair,
    rows,
    scene,
    spare,
    windows,
)
from sluice_operator.plans.promotion.choice import Choice

_real_request = candidate.verify_request


def _kept_from_done(stage: Any) -> Any:
    """From `done` alone, though the live slot became available later, or is down."""
    if stage.live is None:
        return None
    begin = scene.parse_time(stage.live.since)
    return begin + timedelta(seconds=stage.spec.rollback.keep_previous_seconds)


def _kept_from_available(stage: Any) -> Any:
    slot = stage.slot(stage.live.slot) if stage.live else None
    if slot is None or slot.available_since is None:
        return None
    return slot.available_since + timedelta(seconds=stage.spec.rollback.keep_previous_seconds)


def _not_kept(stage: Any, draft: Any, keep: set[str]) -> set[str]:
    return set()


def _up_for_ever(slot: Any) -> Any:
    found = scene.up_since(slot)
    return found - timedelta(days=1) if found is not None else None


def _verify_slot_alone(stage: Any, choice: Choice, slot: Any, moved: int) -> Any:
    return _real_request(stage, choice, slot, 0)


def _verify_move_alone(stage: Any, choice: Choice, slot: Any, moved: int) -> Any:
    twin = changed(slot, meta=changed(slot.meta, uid=""))
    return _real_request(stage, choice, twin, moved)


def _ticks_of_all_lives(related: Any) -> Any:
    found = [r.record for r in related.records if isinstance(r.record, drift.DriftRecord)]
    return tuple(sorted(found, key=lambda r: (r.transition, r.tick), reverse=True))


def _unknown_is_bad(related: Any) -> int:
    counted = [t.result for t in drift.ticks(related)]
    return counted.index("Good") if "Good" in counted else len(counted)


def _unknown_resets(related: Any) -> int:
    counted = [t.result == "Bad" for t in drift.ticks(related)]
    return counted.index(False) if False in counted else len(counted)


def _drift_from_anything(stage: Any) -> str | None:
    wanted = stage.spec.drift
    if wanted is None or stage.live is None or "Rollback" not in wanted.actions:
        return None
    return "drifted" if drift.has_drifted(stage.me, wanted) else None


_moved = folding.moved


def _held_after_moves(before: Any, intent: OpenIntent, now: str, sequence: int, newer: Any) -> Any:
    after = _moved(before, intent, now, sequence, newer)
    return after.model_copy(update={"hold": before.hold})


def _promote_held() -> Remove:
    kept = [r for r in rows.CHOOSES if r.__name__ != "row_15_held"]
    place = next(n for n, r in enumerate(kept) if r.__name__ == "row_13_promote")
    return put(rows, "CHOOSES", (*kept[:place], _held_for_all, *kept[place:]))


def _held_for_all(stage: Any) -> Any:
    return onward.held_back(stage)


def _upgrade_unheld() -> Remove:
    kept = [r for r in rows.CHOOSES if r.__name__ != "row_17_upgrade"]
    place = next(n for n, r in enumerate(kept) if r.__name__ == "row_12_closed")
    return put(rows, "CHOOSES", (*kept[:place], rows.row_17_upgrade, *kept[place:]))


TIMES: tuple[Rule, ...] = (
    ("5.1 kept", "the previous slot is kept for its window", put(spare, "_keep_left", _not_kept)),
    ("5.1 Available", "the window begins at Available too", put(scene.Scene, "kept_until", _kept_from_done)),
    ("5.1 done", "the window begins at done too", put(scene.Scene, "kept_until", _kept_from_available)),
    ("5.2 at once", "what was verified once returns at once", put(candidate, "_was_verified", no)),
    ("5.3 target up", "the deadline counts while the target is up", put(back, "up_since", _up_for_ever)),
    ("5.4 foreign", "a foreign selector before any promotion is cleared", put(repair, "clear_foreign", no)),
    ("5.5 verify: UID", "a verify is of one slot UID", put(candidate, "verify_request", _verify_move_alone)),
    (
        "5.5 verify: move",
        "a verify is of one transition",
        put(candidate, "verify_request", _verify_slot_alone),
    ),
    ("5.5 tick", "a drift tick is of one transition", put(drift, "ticks", _ticks_of_all_lives)),
    (
        "5.6 by promotion",
        "drift acts only on what is live by promotion",
        put(back, "why_drifted", _drift_from_anything),
    ),
    ("5.6 Unknown counts not", "Unknown does not count", put(drift, "bad_in_a_row", _unknown_is_bad)),
    ("5.6 Unknown resets not", "Unknown does not reset", put(drift, "bad_in_a_row", _unknown_resets)),
    (
        "5.6 hold begins",
        "drift holds promotions",
        put(rows, "NOTES", (rows.row_6_pin_seen, rows.row_8_answer)),
    ),
    ("5.6 good tick", "a good tick ends a hold", put(hold, "_is_well", no)),
    ("5.6 transition", "a transition ends a hold", put(folding, "moved", _held_after_moves)),
    ("5.6 promote", "promote overrides a hold", _promote_held()),
    ("5.7 upgrade", "an upgrade obeys windows, Manual and pauses", _upgrade_unheld()),
    ("5.7 windows", "windows close", put(windows, "opens_in", lambda *_: 0.0)),
)
