"""What the chain remembers, and what may be forgotten: section 1 of the rules."""

from datetime import timedelta
from typing import Any

from chaos.rules.taking import Remove, Rule, both, put
from sluice_api import meta
from sluice_api.audit import AuditRecord
from sluice_operator.facts import audit, live
from sluice_operator.model import Delete
from sluice_operator.plans.ledger import keep, prune
from sluice_operator.plans.promotion import (
    chain,
    rows,
    switch,
)


def _carries_slot_alone(service: Any, transition: int, slot: str) -> bool:
    return service is not None and service.selector.get(meta.LABEL_SLOT) == slot


def _carries_number_alone(service: Any, transition: int, slot: str) -> bool:
    return service is not None and service.meta.annotations.get(meta.ANNOTATION_TRANSITION) == str(transition)


def _carries(value: Any) -> Remove:
    return both(*(put(place, "carries", value) for place in (live, rows, switch)))


_link = chain._link


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


MEMORY: tuple[Rule, ...] = (
    ("1.1 history", "the fold carries the history", _forget(history=())),
    ("1.1 refused", "the fold carries what is refused", _forget(refused=())),
    ("1.1 rejected", "the fold carries what was rejected", _forget(rejected=())),
    ("1.1 spent", "the fold carries the last spent request of each kind", _forget(spent=())),
    ("1.1 spent at", "the fold carries how far decisions were answered", _forget(spent_at=0)),
    ("1.1 pin", "the fold carries the pin that was seen", _forget(pin_seen=None)),
    ("1.1 intent", "the fold carries the open intent", _forget(intent=None)),
    ("1.2 archived", "a record is pruned only when it is archived", put(keep, "prune", _prune_at_once)),
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
