"""Who may come back, and what people decide: section 4 of the rules."""

from dataclasses import replace as changed
from typing import Any

from chaos.rules.taking import Remove, Rule, put
from sluice_api.audit import OpenIntent
from sluice_operator.facts import gate
from sluice_operator.plans.promotion import (
    back,
    chain,
    folding,
    onward,
    requests,
    rights,
    rows,
)
from sluice_operator.plans.promotion.choice import Choice, Held


def _unit_is_the_digest(before: Any, intent: OpenIntent, newer: Any) -> Any:
    """The digest is refused also where only a revision may be."""
    found = _real_passed(before, intent, newer)
    return tuple(r.model_copy(update={"revision": None}) for r in found)


_real_passed = folding._passed_over


def _only_what_was_left(before: Any, intent: OpenIntent, newer: Any) -> Any:
    return _real_passed(before, intent, newer)[:1]


def _never_for_promote(before: Any, intent: OpenIntent, newer: Any) -> Any:
    return () if intent.cause == "promote" else _real_passed(before, intent, newer)


_answer = requests._answer


def _stale_acts(stage: Any, request: Any) -> Any:
    fresh = request.model_copy(update={"id": f"{stage.next_sequence - 1}.{request.id.partition('.')[2]}"})
    found = _answer(stage, fresh)
    return changed(found, request=request) if found is not None else None


def _promote_first(stage: Any) -> Any:
    if requests.open_request(stage.me, "promote") is not None:
        return None
    return rows.row_9_rollback_to(stage)


def _fail_waits(stage: Any, request: Any) -> None:
    return None


def _rollback_waits(stage: Any) -> Any:
    """A request to go back comes first, whether its slot is up or not."""
    request = requests.open_request(stage.me, "rollback-to")
    target = back.target_of(stage, request.digest) if request else None
    if request is None or target is None:
        return None
    return Choice(target, "rollback-to", chain.reasons.ROLLBACK_PREPARING, "asked", request)


def _chooses(name: str, row: Any) -> Remove:
    return put(rows, "CHOOSES", tuple(row if r.__name__ == name else r for r in rows.CHOOSES))


def _pause_forgotten(stage: Any) -> Any:
    return rights.gate_holds(stage)


def _pause_first() -> Remove:
    kept = [r for r in rows.CHOOSES if r.__name__ != "row_12_closed"]
    return put(rows, "CHOOSES", (rows.row_12_closed, *kept))


def _pin_falls_through(stage: Any) -> Any:
    found = rows.row_14_pin(stage)
    return changed(found, stops=False) if isinstance(found, Held) else found


def _pin_after_manual() -> Remove:
    kept = [r for r in rows.CHOOSES if r.__name__ != "row_14_pin"]
    place = next(n for n, r in enumerate(kept) if r.__name__ == "row_15_held")
    return put(rows, "CHOOSES", (*kept[: place + 1], rows.row_14_pin, *kept[place + 1 :]))


def _clears_nothing(before: Any, digest: str) -> Any:
    return before


def _clears_all(before: Any, digest: str) -> Any:
    return before.model_copy(update={"refused": (), "rejected": ()})


def _any_approval(related: Any, given: Any) -> Any:
    found = (r.record for r in related.records if isinstance(r.record, gate.ApprovalRecord))
    return next((a for a in found if a.digest == given.digest), None)


def _why_out_unrefused(stage: Any, target: Any) -> str | None:
    found = (r for r in stage.fold.rejected if r.revision == target.revision)
    return next((r.message for r in found), None)


COMING_BACK: tuple[Rule, ...] = (
    ("4.1 refuses", "going back refuses what it leaves", put(folding, "_passed_over", lambda *_: ())),
    (
        "4.1 all of it",
        "everything promoted since is refused",
        put(folding, "_passed_over", _only_what_was_left),
    ),
    (
        "4.1 promote older",
        "a promote to an older digest refuses too",
        put(folding, "_passed_over", _never_for_promote),
    ),
    ("4.1 heeded", "what is refused stays out", put(onward, "why_out", _why_out_unrefused)),
    (
        "4.2 unit",
        "the revision is refused where the digest is the same",
        put(folding, "_passed_over", _unit_is_the_digest),
    ),
    ("4.3 stale", "who saw less than the newest answer is stale", put(requests, "_answer", _stale_acts)),
    (
        "4.3 rollback first",
        "with both, rollback-to goes first",
        _chooses("row_9_rollback_to", _promote_first),
    ),
    (
        "4.4 Fail spends",
        "promote of a Fail or of an unknown digest is spent",
        put(requests, "_answer_promote", _fail_waits),
    ),
    (
        "4.4 blocked",
        "rollback-to of what was never live is spent",
        put(requests, "_answer_rollback", _fail_waits),
    ),
    ("4.4 clear lifts", "clear-rollback lifts", put(folding, "lifted", _clears_nothing)),
    ("4.4 nothing else", "clear-rollback lifts nothing else", put(folding, "lifted", _clears_all)),
    ("4.4 approve binds", "approve binds to one verdict", put(gate, "approval", _any_approval)),
    (
        "4.5 health first",
        "a rollback-to that is down delays no health rollback",
        _chooses("row_9_rollback_to", _rollback_waits),
    ),
    ("4.6 paused", "a pause stops what goes forward", _chooses("row_12_closed", _pause_forgotten)),
    ("4.6 paused never", "a pause never stops a rollback", _pause_first()),
    (
        "4.7 no fall",
        "a blocked pin never falls through to the newest",
        _chooses("row_14_pin", _pin_falls_through),
    ),
    ("4.7 overrides", "a pin overrides Manual", _pin_after_manual()),
)
