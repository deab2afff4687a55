"""The switch, what guards it, and repair: section 2 of the rules."""

from dataclasses import replace as changed
from typing import Any

from chaos.rules.taking import Rule, drop, put, yes
from sluice_api import meta
from sluice_api.audit import OpenIntent
from sluice_operator.children import records, serving
from sluice_operator.model import Apply, Create, Delete, Patch
from sluice_operator.plans.promotion import (
    chain,
    folding,
    rows,
    spare,
    switch,
)
from sluice_operator.plans.promotion.choice import Choice

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
