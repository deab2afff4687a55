"""How each kind of link changes the fold: pure functions from fold to fold."""

from collections.abc import Collection
from typing import Any

from sluice_api.audit import (
    GOING_BACK,
    Cause,
    Fold,
    HistoryItem,
    Live,
    OpenIntent,
    Refusal,
    Rejection,
    Spent,
)
from sluice_api.decisions import Decision
from sluice_operator.facts.live import is_live_by_promotion

_KEPT_HISTORY = 20
_KEPT_REJECTED = 10
_KEPT_REFUSED = 50
_ASKED: dict[Cause, Decision] = {"promote": "promote", "rollback-to": "rollback-to"}
_WANTED: frozenset[Cause] = frozenset({"promote", "pin"})
"""Causes in which a person wants the digest in spite of an earlier refusal."""


def moved(before: Fold, intent: OpenIntent, now: str, sequence: int, newer: Collection[int]) -> Fold:
    """Traffic has moved. A repair changes neither history nor windows.

    `newer` are the revisions whose artifact is newer than the target's.
    """
    if intent.cause == "repair" and before.live is not None:
        put_back = before.live.model_copy(update={"transition": intent.sequence})
        return before.model_copy(update={"live": put_back, "intent": None})
    where: dict[str, Any] = {
        "transition": intent.sequence,
        "slot": intent.slot,
        "revision": intent.revision,
        "digest": intent.digest,
    }
    live = Live(**where, by_promotion=is_live_by_promotion(intent.cause, before.live), since=now)
    item = HistoryItem(**where, cause=intent.cause, time=now)
    cleared = lifted(before, intent.digest) if intent.cause in _WANTED else before
    changes = {
        "live": live,
        "history": (item, *before.history)[:_KEPT_HISTORY],
        "refused": (*_passed_over(cleared, intent, newer), *cleared.refused)[:_KEPT_REFUSED],
        "rejected": tuple(r for r in cleared.rejected if r.revision != intent.revision),
        "hold": None,
        "intent": None,
    }
    after = cleared.model_copy(update=changes)
    return _spend_intent(after, intent, sequence)


def rejected(before: Fold, subject: OpenIntent, rejection: Rejection) -> Fold:
    """A candidate was tried in vain; that spends the request that asked for it."""
    kept = tuple(r for r in before.rejected if r.revision != rejection.revision)
    after = before.model_copy(update={"rejected": (rejection, *kept)[:_KEPT_REJECTED]})
    return _spend_intent(after, subject, subject.sequence)


def spent(before: Fold, what: Spent, sequence: int) -> Fold:
    """A request acted or was answered: whoever saw less than this is stale from now on."""
    others = tuple(s for s in before.spent if s.decision != what.decision)
    return before.model_copy(update={"spent": (what, *others), "spent_at": sequence})


def lifted(before: Fold, digest: str) -> Fold:
    """A person named a digest: it is neither refused nor rejected any more."""
    refused = tuple(r for r in before.refused if r.digest != digest)
    kept = tuple(r for r in before.rejected if r.digest != digest)
    return before.model_copy(update={"refused": refused, "rejected": kept})


def _spend_intent(before: Fold, intent: OpenIntent, sequence: int) -> Fold:
    decision = _ASKED.get(intent.cause)
    if decision is None or intent.request is None:
        return before
    return spent(before, Spent(decision=decision, id=intent.request, digest=intent.digest), sequence)


def _passed_over(before: Fold, intent: OpenIntent, newer: Collection[int]) -> tuple[Refusal, ...]:
    """What was promoted since the target was last live: all is refused, or one would return at once.

    Going back refuses all of it; promoting an older digest refuses what is newer than that.
    """
    is_back = intent.cause in GOING_BACK
    if not is_back and intent.cause != "promote":
        return ()
    passed: list[Refusal] = []
    for item in before.history:
        if item.slot == intent.slot or (not is_back and item.digest == intent.digest):
            break
        revision = item.revision if item.digest == intent.digest else None
        barred = before.refuses(item.digest, item.revision) or any(
            (r.digest, r.revision) == (item.digest, revision) for r in passed
        )
        if not barred and (is_back or item.revision in newer):
            passed.append(Refusal(digest=item.digest, revision=revision, transition=intent.sequence))
    return tuple(passed)
