"""The rules of promotion, section by section, each with what takes exactly it out of the planner."""

from collections.abc import Callable
from dataclasses import replace as changed
from datetime import timedelta
from typing import Any

from sluice_api import meta
from sluice_api.audit import AuditRecord, OpenIntent
from sluice_operator.children import records, serving
from sluice_operator.facts import audit, drift, gate, live
from sluice_operator.model import Apply, Create, Delete, Patch
from sluice_operator.plans.ledger import prune
from sluice_operator.plans.promotion import (
    back,
    candidate,
    chain,
    folding,
    hold,
    onward,
    repair,
    requests,
    rights,
    rows,
    scene,
    spare,
    switch,
    windows,
)
from sluice_operator.plans.promotion.choice import Choice, Held

MonkeyPatch = Any
Remove = Callable[[MonkeyPatch], None]
Rule = tuple[str, str, Remove]


def put(place: Any, name: str, value: Any) -> Remove:
    """Another function or constant in the place of one."""
    getattr(place, name)
    return lambda patch: patch.setattr(place, name, value)


def both(*removes: Remove) -> Remove:
    """Several, for what is looked up in several modules."""

    def remove(patch: MonkeyPatch) -> None:
        for one in removes:
            one(patch)

    return remove


def drop(table: str, row: str) -> Remove:
    """The table without one row."""
    kept = tuple(r for r in getattr(rows, table) if r.__name__ != row)
    if len(kept) + 1 != len(getattr(rows, table)):
        raise ValueError(f"{table} has no {row}")
    return put(rows, table, kept)


def never(*_: Any, **__: Any) -> None:
    """Nothing."""


def no(*_: Any, **__: Any) -> bool:
    """False."""
    return False


def yes(*_: Any, **__: Any) -> bool:
    """True."""
    return True


# Section 1: memory


def _carries_slot_alone(service: Any, transition: int, slot: str) -> bool:
    return service is not None and service.selector.get(meta.LABEL_SLOT) == slot


def _carries_number_alone(service: Any, transition: int, slot: str) -> bool:
    return service is not None and service.meta.annotations.get(meta.ANNOTATION_TRANSITION) == str(transition)


def _carries(value: Any) -> Remove:
    return both(*(put(place, "carries", value) for place in (live, rows, switch)))


_prune, _link = prune.prune, chain._link


def _prune_at_once(observed: Any, draft: Any) -> None:
    for view in observed.me.records:
        if (
            isinstance(view.record, AuditRecord)
            and view.record.sequence + 1 < live.head(observed.me).sequence
        ):
            draft.delete(Delete("ControllerRevision", view.meta.name, view.meta.uid, "unarchived"))


def _forget(**lost: Any) -> Remove:
    """Links whose fold forgets something."""

    def link(*args: Any) -> None:
        stage, draft, phase, subject, fold, reason, why = args
        _link(stage, draft, phase, subject, fold.model_copy(update=lost), reason, why)

    return put(chain, "_link", link)


_next = scene.Scene.next_sequence


MEMORY: tuple[Rule, ...] = (
    ("1.1 history", "the fold carries the history", _forget(history=())),
    ("1.1 refused", "the fold carries what is refused", _forget(refused=())),
    ("1.1 rejected", "the fold carries what was rejected", _forget(rejected=())),
    ("1.1 spent", "the fold carries the last spent request of each kind", _forget(spent=())),
    ("1.1 spent at", "the fold carries how far decisions were answered", _forget(spent_at=0)),
    ("1.1 pin", "the fold carries the pin that was seen", _forget(pin_seen=None)),
    ("1.1 intent", "the fold carries the open intent", _forget(intent=None)),
    ("1.2 archived", "a record is pruned only when it is archived", put(prune, "prune", _prune_at_once)),
    ("1.2 hour", "a record is pruned only when it is older than an hour", put(prune, "KEPT", timedelta())),
    ("1.2 sixteen", "the newest sixteen records are kept", put(audit, "KEPT_LINKS", 1)),
    ("1.3 number", "live is what carries the number of the transition", _carries(_carries_slot_alone)),
    ("1.3 slot", "live is what carries the slot of the transition", _carries(_carries_number_alone)),
    (
        "1.4 alone",
        "nothing else enters the chain while an intent is open",
        put(rows, "MOVES", (rows.row_6_pin_seen, rows.row_8_answer, *rows.MOVES)),
    ),
)

# Section 2: the switch

_real_point, _real_still = switch._point, rows._still_holds


def _switch_unannounced(stage: Any, draft: Any, choice: Choice, reason: Any) -> None:
    slot = stage.slot(choice.target.slot)
    intent = OpenIntent(
        sequence=stage.next_sequence,
        cause=choice.cause,
        slot=choice.target.slot,
        revision=choice.target.revision,
        digest=choice.target.artifact.digest,
    )
    if slot is not None:
        switch.move(stage, draft, intent, slot)


def _move_unstamped(stage: Any, draft: Any, intent: OpenIntent, slot: Any) -> None:
    public = stage.public
    if public is None:
        draft.write(Create(serving.public_service(stage.resource)))
    else:
        draft.write(switch._point(stage, public, intent))
    draft.wake_in(1)


def _point_unguarded(stage: Any, public: Any, intent: OpenIntent) -> Apply:
    patch = _real_point(stage, public, intent)
    manifest = serving.public_service(stage.resource)
    manifest["metadata"]["annotations"] |= patch.body["metadata"]["annotations"]
    selector = {k: v for k, v in patch.body["spec"]["selector"].items() if v is not None}
    return Apply({**manifest, "spec": {**manifest["spec"], "selector": selector}})


def _point_in_halves(stage: Any, public: Any, intent: OpenIntent) -> Patch:
    patch = _real_point(stage, public, intent)
    first = public.selector.get(meta.LABEL_SLOT) != intent.slot
    return changed(patch, body={"spec": patch.body["spec"]} if first else patch.body)


def _point_unread(stage: Any, public: Any, intent: OpenIntent) -> Patch:
    return changed(_real_point(stage, public, intent), requires=())


_real_public = serving.public_service


def _public_with_selector(resource: Any) -> dict[str, Any]:
    found = _real_public(resource)
    found["spec"] |= {"selector": {meta.LABEL_OWNER: resource.meta.name, meta.LABEL_SLOT: resource.meta.name}}
    return found


def _unfenced(stage: Any, draft: Any, intent: OpenIntent, why: str) -> None:
    chain.abandon(stage, draft, intent, why)


_real_abandon_fold = folding._spend_intent


def _abandon_and_spend(stage: Any, draft: Any, intent: OpenIntent, why: str) -> None:
    fold = stage.fold.model_copy(update={"intent": None})
    fold = folding._spend_intent(fold, intent, stage.next_sequence)
    chain._link(stage, draft, "abandoned", chain._closing(stage, intent), fold, chain.reasons.SUPERSEDED, why)


def _delete_unguarded(stage: Any, slot: Any) -> Delete:
    return Delete("AppsDeployment", slot.meta.name, slot.meta.uid, "spare slot")


def _delete_unversioned(stage: Any, slot: Any) -> Delete:
    fence = records.audit_name(stage.resource.meta.name, stage.next_sequence)
    return Delete("AppsDeployment", slot.meta.name, slot.meta.uid, "spare slot", "", fence)


def _delete_unfenced(stage: Any, slot: Any) -> Delete:
    return Delete("AppsDeployment", slot.meta.name, slot.meta.uid, "spare slot", slot.meta.resource_version)


_real_moved = folding.moved


def _repair_is_a_move(before: Any, intent: OpenIntent, now: str, sequence: int, newer: Any) -> Any:
    cause = "automatic" if intent.cause == "repair" else intent.cause
    return _real_moved(before, intent.model_copy(update={"cause": cause}), now, sequence, newer)


def _repair_like_others(stage: Any, intent: OpenIntent) -> bool:
    return False if intent.cause == "repair" else _real_still(stage, intent)


SWITCH: tuple[Rule, ...] = (
    ("2.1 intended", "a switch is announced first", put(chain, "intend", _switch_unannounced)),
    ("2.2 stamp", "the target slot is stamped", put(switch, "move", _move_unstamped)),
    ("2.3 guarded", "the Service is updated guarded by its version", put(switch, "_point", _point_unguarded)),
    ("2.3 together", "selector and number are one update", put(switch, "_point", _point_in_halves)),
    ("2.3 read live", "what the right was decided from is read live", put(switch, "_point", _point_unread)),
    ("2.4 done", "the outcome is recorded", drop("MOVES", "row_1_done")),
    (
        "2.5 born empty",
        "the Service is born without a selector",
        put(serving, "public_service", _public_with_selector),
    ),
    ("2.6 conditions", "an intent is finished only if all still holds", put(rows, "_still_holds", yes)),
    ("2.6 fence", "what is abandoned is fenced before", put(switch, "give_up", _unfenced)),
    ("2.6 spends none", "an abandoned intent spends no request", put(chain, "abandon", _abandon_and_spend)),
    ("2.7 deletion", "a deletion reads the slot, then the chain", put(spare, "_delete", _delete_unguarded)),
    ("2.7 version", "a deletion carries the slot's version", put(spare, "_delete", _delete_unversioned)),
    ("2.7 chain", "a deletion reads the chain", put(spare, "_delete", _delete_unfenced)),
    ("2.8 repair", "a repair changes neither history nor windows", put(folding, "moved", _repair_is_a_move)),
    ("2.8 always", "a repair is finished always", put(rows, "_still_holds", _repair_like_others)),
)

# Section 3: the rows

_real_answer, _real_open = requests._answer, requests.open_request
_real_bring, _real_wait, _real_newest = candidate.bring_up, candidate._wait_for, onward.newest


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
    later = [r for r in stage.runs if onward._is_later(stage, r)]
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

# Section 4: who may come back

_real_answer_rollback, _real_lifted = requests._answer_rollback, folding.lifted


def _unit_is_the_digest(before: Any, intent: OpenIntent, newer: Any) -> Any:
    """The digest is refused also where only a revision may be."""
    found = _real_passed(before, intent, newer)
    return tuple(r.model_copy(update={"revision": None}) for r in found)


_real_passed = folding._passed_over


def _only_what_was_left(before: Any, intent: OpenIntent, newer: Any) -> Any:
    return _real_passed(before, intent, newer)[:1]


def _never_for_promote(before: Any, intent: OpenIntent, newer: Any) -> Any:
    return () if intent.cause == "promote" else _real_passed(before, intent, newer)


def _stale_acts(stage: Any, request: Any) -> Any:
    fresh = request.model_copy(update={"id": f"{stage.next_sequence - 1}.{request.id.partition('.')[2]}"})
    found = _real_answer(stage, fresh)
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

# Section 5: windows, health, drift

_real_kept, _real_go_back, _real_ask = scene.Scene.kept_until, back.go_back, candidate.verify_ask


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
    return _real_ask(stage, choice, slot, 0)


def _verify_move_alone(stage: Any, choice: Choice, slot: Any, moved: int) -> Any:
    twin = changed(slot, meta=changed(slot.meta, uid=""))
    return _real_ask(stage, choice, twin, moved)


def _ticks_of_all_lives(related: Any) -> Any:
    found = [r.record for r in related.records if isinstance(r.record, drift.DriftRecord)]
    return tuple(sorted(found, key=lambda r: (r.transition, r.tick), reverse=True))


def _unknown_is_bad(related: Any) -> int:
    counted = [t.result for t in drift.ticks(related)]
    return counted.index("Good") if "Good" in counted else len(counted)


def _unknown_resets(related: Any) -> int:
    counted = [t.result == "Bad" for t in drift.ticks(related)]
    return counted.index(False) if False in counted else len(counted)


_real_drifted = back.why_drifted


def _drift_from_anything(stage: Any) -> str | None:
    wanted = stage.spec.drift
    if wanted is None or stage.live is None or "Rollback" not in wanted.actions:
        return None
    return "drifted" if drift.has_drifted(stage.me, wanted) else None


def _held_after_moves(before: Any, intent: OpenIntent, now: str, sequence: int, newer: Any) -> Any:
    after = _real_moved(before, intent, now, sequence, newer)
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
    ("5.5 verify: UID", "a verify is of one slot UID", put(candidate, "verify_ask", _verify_move_alone)),
    ("5.5 verify: move", "a verify is of one transition", put(candidate, "verify_ask", _verify_slot_alone)),
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

RULES: tuple[Rule, ...] = (*MEMORY, *SWITCH, *TABLE, *COMING_BACK, *TIMES)
