"""The audit chain of a Deployment: its links, and the fold that each of them carries.

The head alone decides, so that older links may be archived and pruned (the rules: reference of promotion).
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

from sluice_api.base import ApiModel, Digest, Message, StoredModel, Timestamp
from sluice_api.contracts.reports import Code
from sluice_api.decisions import Decision, RequestId
from sluice_api.hashing import digest_of
from sluice_api.opened import open_validator

SlotName = Annotated[str, StringConstraints(max_length=63)]
ChainId = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")
]
"""UID of a chain's first owner."""
Sequence = Annotated[int, Field(ge=1)]
Cause = Literal[
    "automatic", "profile", "pin", "promote", "rollback-to", "clear-rollback", "health", "drift", "repair"
]
Phase = Literal[
    "intended", "done", "abandoned", "rejected", "pinned", "spent", "held", "released", "inherited"
]
GOING_BACK: frozenset[Cause] = frozenset({"rollback-to", "health", "drift"})
"""Causes that need a sealed Pass only, and that refuse what they leave."""


class CitedModel(ApiModel):
    """A part of what the next link cites by its hash: fields of another version stay part of it."""

    @classmethod
    def parse_open(cls, data: Mapping[str, Any]) -> Self:
        """Parse what another version stored, and keep all that it says."""
        return cast("Self", open_validator(cls).validate_json(json.dumps(data), extra="allow"))

    @model_serializer(mode="wrap")
    def _with_unknown(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {**serialize(self), **(self.__pydantic_extra__ or {})}


class Live(CitedModel):
    """What traffic goes to."""

    transition: Sequence
    slot: SlotName
    revision: Sequence
    digest: Digest
    by_promotion: bool = True
    """False after a rollback."""
    since: Timestamp


class HistoryItem(CitedModel):
    """A finished, non-repair transition."""

    transition: Sequence
    slot: SlotName
    revision: Sequence
    digest: Digest
    cause: Cause
    time: Timestamp


class Rejection(CitedModel):
    """A revision that was tried and did not go live."""

    digest: Digest
    revision: Sequence
    reason: Code
    message: Message


class Refusal(CitedModel):
    """What was rolled back: the digest, or only one revision when the target had the same digest."""

    digest: Digest
    revision: Sequence | None = None
    """Absent: the digest in any revision."""
    transition: Sequence
    """Transition that left it."""


class OpenIntent(CitedModel):
    """An announced transition without an outcome yet."""

    sequence: Sequence
    cause: Cause
    slot: SlotName
    revision: Sequence
    digest: Digest
    request: RequestId | None = None
    """Request that asked for it."""


class Spent(CitedModel):
    """The last request of a kind that acted or was answered."""

    decision: Decision
    id: RequestId
    digest: Digest


class DriftHold(CitedModel):
    """Promotions are held because what is live drifted."""

    transition: Sequence
    since: Timestamp


class Fold(CitedModel):
    """The chain before and with a record, folded: the head alone decides."""

    live: Live | None = None
    history: Annotated[tuple[HistoryItem, ...], Field(max_length=20)] = ()
    """Newest first."""
    refused: Annotated[tuple[Refusal, ...], Field(max_length=50)] = ()
    """Newest first."""
    rejected: Annotated[tuple[Rejection, ...], Field(max_length=10)] = ()
    spent: Annotated[tuple[Spent, ...], Field(max_length=3)] = ()
    """One for each kind of request."""
    spent_at: Annotated[int, Field(ge=0)] = 0
    """Sequence of the newest record that spent a request; who saw less is stale."""
    pin_seen: Digest | None = None
    hold: DriftHold | None = None
    intent: OpenIntent | None = None

    @property
    def understood(self) -> "Fold":
        """The same with causes that this version knows. An unknown one moved traffic and refused nothing."""
        if {i.cause for i in (*self.history, *([self.intent] if self.intent else ()))} <= _CAUSES:
            return self
        history = tuple(item.model_copy(update={"cause": _known(item.cause)}) for item in self.history)
        intent = self.intent and self.intent.model_copy(update={"cause": _known(self.intent.cause)})
        return self.model_copy(update={"history": history, "intent": intent})

    def refuses(self, digest: str, revision: int | None = None) -> bool:
        """Whether a digest, or that revision of it, was rolled back and may not come back by itself."""
        return any(
            r.digest == digest and (r.revision is None or r.revision == revision) for r in self.refused
        )


class AuditRecord(CitedModel, StoredModel):
    """One link of the chain of a Deployment."""

    record: Literal["audit"] = "audit"
    chain: ChainId
    sequence: Sequence
    previous_hash: Digest | None = None
    """Digest of the record before; absent on the first."""
    phase: Phase
    cause: Cause
    actor: Annotated[str, StringConstraints(max_length=253)]
    """User who asked, or the operator."""
    verified: bool = True
    """False: no admission policy tied the user to the caller."""
    gates_for_edit: bool | None = None
    """True: whoever could edit the namespace could also change gate, suites and Deployment; else absent."""
    intent: Sequence | None = None
    """Sequence of the intent that this outcome closes."""
    request: RequestId | None = None
    """Request that this link acts on or answers."""
    slot: SlotName | None = None
    revision: Sequence | None = None
    digest: Digest | None = None
    reason: Code
    message: Message = ""
    time: Timestamp
    fold: Fold

    @property
    def hash(self) -> str:
        """Digest of the whole record, which the next one cites."""
        return digest_of(self)


_CAUSES = frozenset(get_args(Cause))


def _known(cause: str) -> Cause:
    return cast("Cause", cause) if cause in _CAUSES else "profile"


def _stored(data: Any) -> Any:
    return AuditRecord.parse_open(data) if isinstance(data, dict) else data


StoredLink = Annotated[AuditRecord, BeforeValidator(_stored)]
"""A link on its way to the archive, whichever version wrote it."""
