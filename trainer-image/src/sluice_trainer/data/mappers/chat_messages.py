"""ChatMessages: a column with a list of turns, each with role and content, that ends with the assistant."""

from collections.abc import Sequence
from typing import Any, Final

from sluice_api.datasetpack import Classification, Source
from sluice_trainer.data.mappers.example import ChatMessage, Example
from sluice_trainer.data.mappers.keys import (
    ignored_keys,
    ignored_turn_keys,
    unsupported_in_parts,
    unsupported_in_row,
    unsupported_in_turn,
)
from sluice_trainer.data.mappers.labels import checked_label
from sluice_trainer.data.rejected import RejectedRow, found

ROLES: Final = ("system", "user", "assistant")


def map_chat_messages(
    row: dict[str, Any], source: Source, classification: Classification | None
) -> Example | RejectedRow:
    """The conversation of a row, turn by turn as it stands. In a classification the reply is the label."""
    column = source.column("messages")
    turns: Any = row.get(column)
    fault = _shape_fault(column, turns, row) or unsupported_in_row(row, (column,))
    if fault is not None:
        return fault
    messages = tuple(ChatMessage(role=turn["role"], content=turn["content"]) for turn in turns)
    fault = _fault(messages)
    if fault is not None:
        return fault
    ignored = (*ignored_keys(row, (column,)), *(f"{column}[].{key}" for key in ignored_turn_keys(turns)))
    if classification is None:
        return Example(messages, ignored=ignored)
    label = checked_label(messages[-1]["content"], classification)
    return label if isinstance(label, RejectedRow) else Example(messages, label, ignored)


def _shape_fault(column: str, turns: Any, row: dict[str, Any]) -> RejectedRow | None:
    if column not in row:
        keys = ", ".join(found(key) for key in list(row)[:5])
        return RejectedRow("missing_messages", f"no key {found(column)}; the row has {keys or 'no keys'}")
    if turns is None:
        return RejectedRow("missing_messages", f"{found(column)} is null, wanted a list of turns")
    if not isinstance(turns, list):
        return RejectedRow(
            "invalid_messages_shape", f"{found(column)} is {found(turns)}, wanted a list of turns"
        )
    for number, turn in enumerate(turns, 1):
        fault = _turn_fault(number, turn)
        if fault is not None:
            return fault
    return None


def _turn_fault(number: int, turn: Any) -> RejectedRow | None:
    if not isinstance(turn, dict):
        return RejectedRow("invalid_messages_shape", f"turn {number} is {found(turn)}, wanted an object")
    content = turn.get("content")
    parts = content if isinstance(content, list) else ()
    unsupported = unsupported_in_turn(turn) or unsupported_in_parts(parts)
    if unsupported is not None:
        return RejectedRow(unsupported.code, f"turn {number}: {unsupported.detail}")
    for key in ("role", "content"):
        if not isinstance(turn.get(key), str):
            wanted = f"turn {number} has {key} {found(turn.get(key))}, wanted text"
            return RejectedRow("invalid_messages_shape", wanted)
    return None


def _fault(messages: Sequence[ChatMessage]) -> RejectedRow | None:
    for number, message in enumerate(messages, 1):
        if message["role"] not in ROLES:
            told = f"turn {number} has role {found(message['role'])}, wanted one of {', '.join(ROLES)}"
            return RejectedRow("unknown_role", told)
        if message["role"] == "system" and number > 1:
            return RejectedRow(
                "misplaced_system", f"turn {number} is a system turn, which may only come first"
            )
    if not any(message["role"] == "user" and message["content"].strip() for message in messages):
        return RejectedRow("no_valid_turns", "no turn of a user has text")
    last = messages[-1]
    if last["role"] == "assistant" and last["content"].strip():
        return None
    told = f"the last turn has role {found(last['role'])}, wanted one of the assistant with text"
    return RejectedRow("missing_assistant_reply", told)
