"""The rows, how a choice is brought up, and the right to switch: section 3 of the rules."""

from dataclasses import replace as changed
from typing import Any

from chaos.rules.taking import Rule, both, drop, never, no, put, yes
from sluice_operator.facts import gate
from sluice_operator.plans.promotion import (
    back,
    candidate,
    chain,
    onward,
    requests,
    rights,
    scene,
    spare,
)
from sluice_operator.plans.promotion.choice import Choice, Held

_real_newest = onward.newest


def _open_again(me: Any, decision: Any) -> Any:
    """Every request that can be read, spent or not."""
    text = me.resource.meta.annotations.get(requests.ANNOTATIONS[decision])
    try:
        return requests.read_request(decision, text) if text else None
    except ValueError:
        return None


def _passes_anyhow(stage: Any, run: Any) -> Any:
    """The newest verdict about a digest that is a Pass, whatever it was bound to."""
    found = (v for v in gate.verdicts(stage.gate) if v.digest == run.artifact.digest) if stage.gate else ()
    given = next((v for v in found if v.verdict == "Pass"), None)
    return given or Held(rights.reasons.GATE_NOT_PASSED, "no Pass")


def _agrees(stage: Any, policy: Any, run: Any, given: Any) -> Any:
    """Whatever the verdict is."""
    return given


def _newest_first(stage: Any) -> Any:
    """The newest, though an older candidate is up already."""
    later = [r for r in stage.runs.newest_first if onward._is_later(stage, r)]
    for run in later:
        given = rights.live_pass(stage, run)
        if not isinstance(given, Held):
            choice = onward._automatic(stage, run, given)
            if onward.why_out(stage, choice.target) is None:
                return choice
    return _real_newest(stage)


def _never_rejects(stage: Any, draft: Any, choice: Choice, slot: Any) -> Any:
    draft.wake_in(60)
    return candidate.Progress(choice.reason, choice.why)


def _verified_unasked(stage: Any, draft: Any, choice: Choice, slot: Any) -> bool:
    return True


_real_announce = candidate._announce


def _unsoaked(stage: Any, draft: Any, choice: Choice, slot: Any) -> Any:
    promotion = stage.spec.promotion.model_copy(update={"soak_seconds": 0})
    spec = stage.spec.model_copy(update={"promotion": promotion})
    return _real_announce(changed(stage, spec=spec), draft, choice, slot)


def _soaks_on_return(stage: Any, draft: Any, choice: Choice, slot: Any) -> Any:
    soak = stage.spec.promotion.soak_seconds
    left = stage.left(scene.up_since(slot) or stage.now, soak)
    if left > 0:
        draft.wake_in(left)
        return candidate.Progress(chain.reasons.SOAKING, "soaks")
    return _real_announce(stage, draft, choice, slot)


_real_room = candidate._make_room


def _room_for_returns(stage: Any, draft: Any, choice: Choice) -> None:
    _real_room(
        stage, draft, changed(choice, cause="automatic") if choice.cause in chain.GOING_BACK else choice
    )


TABLE: tuple[Rule, ...] = (
    ("3 row 2", "an open intent is gone on with", drop("MOVES", "row_2_switch")),
    ("3 row 3", "an open intent that holds no more is abandoned", drop("MOVES", "row_3_abandon")),
    ("3 row 4", "what was changed by hand is put back", drop("MOVES", "row_4_repair")),
    ("3 row 5", "a live slot that is missing is built", drop("MOVES", "row_5_live_slot")),
    ("3 row 6", "a changed pin is noted", drop("NOTES", "row_6_pin_seen")),
    ("3 row 7", "a spent request is ignored", put(requests, "open_request", _open_again)),
    ("3 row 8", "a request that cannot act is answered", drop("NOTES", "row_8_answer")),
    ("3 row 9", "a person goes back", drop("CHOOSES", "row_9_rollback_to")),
    ("3 row 10", "traffic leaves what is down", drop("CHOOSES", "row_10_down")),
    ("3 row 11", "traffic leaves what drifted", drop("CHOOSES", "row_11_drifted")),
    ("3 row 12", "a missing gate or a pause closes what is below", drop("CHOOSES", "row_12_closed")),
    ("3 row 13", "a person promotes", drop("CHOOSES", "row_13_promote")),
    ("3 row 14", "what is pinned is served", drop("CHOOSES", "row_14_pin")),
    ("3 row 15", "a hold, Manual and windows close what is below", drop("CHOOSES", "row_15_held")),
    ("3 row 16", "the newest Pass goes live", drop("CHOOSES", "row_16_newest")),
    ("3 row 17", "a changed profile makes a new revision", drop("CHOOSES", "row_17_upgrade")),
    (
        "3 available first",
        "a candidate that is up is finished before a newer one",
        put(onward, "newest", _newest_first),
    ),
    ("3 spare slots", "slots that nobody needs are deleted", put(spare, "remove_spares", never)),
    ("3 row 10 waits", "nothing is deleted while a way back waits", put(back, "is_waiting", no)),
    ("3 verify", "a candidate is verified", put(candidate, "_is_verified", _verified_unasked)),
    ("3 soak", "a candidate soaks", put(candidate, "_announce", _unsoaked)),
    ("3 soak not for returns", "a return never soaks", put(candidate, "_announce", _soaks_on_return)),
    ("3 deadline", "a candidate past its deadline is rejected", put(candidate, "_wait_for", _never_rejects)),
    ("3 room", "the previous slot gives its room", put(candidate, "_make_room", never)),
    (
        "3 room not for returns",
        "a return takes nobody's room",
        put(candidate, "_make_room", _room_for_returns),
    ),
    ("3 right: Pass", "only a live Pass goes forward", put(rights, "_agreed", _agrees)),
    (
        "3 right: bound",
        "a Pass is bound to criteria, suites and baseline",
        put(rights, "live_pass", _passes_anyhow),
    ),
    (
        "3 right: sealed",
        "going back needs the sealed Pass",
        both(put(rights, "has_sealed_pass", yes), put(back, "has_sealed_pass", yes)),
    ),
    (
        "3 right: gate",
        "the gate must be there",
        both(put(rights, "gate_holds", never), put(rights, "live_pass", _passes_anyhow)),
    ),
)
