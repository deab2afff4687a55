"""ChatMessages: a column with a list of turns, each with role and content, that ends with the assistant."""

from typing import Any, Final

from sluice_api.datasetpack import Classification, Source
from sluice_trainer.data.mappers.example import ChatMessage, Example, Rejected

ROLES: Final = ("system", "user", "assistant")

MISSING_MESSAGES: Final = Rejected("missing_messages")
INVALID_MESSAGES_SHAPE: Final = Rejected("invalid_messages_shape")
UNKNOWN_ROLE: Final = Rejected("unknown_role")
TOOL_CALLS_UNSUPPORTED: Final = Rejected("tool_calls_unsupported")
MISPLACED_SYSTEM: Final = Rejected("misplaced_system")
NO_VALID_TURNS: Final = Rejected("no_valid_turns")
MISSING_ASSISTANT_REPLY: Final = Rejected("missing_assistant_reply")
LABEL_NOT_ALLOWED: Final = Rejected("label_not_allowed")


def map_chat_messages(
    row: dict[str, Any], source: Source, classification: Classification | None
) -> Example | Rejected:
    """The conversation of a row, turn by turn as it stands. In a classification the reply is the label."""
    turns = row.get(source.column("messages"))
    if turns is None:
        return MISSING_MESSAGES
    if not isinstance(turns, list):
        return INVALID_MESSAGES_SHAPE
    if any(isinstance(turn, dict) and turn.get("tool_calls") for turn in turns):
        return TOOL_CALLS_UNSUPPORTED
    if not all(_is_turn(turn) for turn in turns):
        return INVALID_MESSAGES_SHAPE
    messages = tuple(ChatMessage(role=turn["role"], content=turn["content"]) for turn in turns)
    fault = _fault(messages)
    if fault is not None or classification is None:
        return fault or Example(messages)
    label = messages[-1]["content"]
    return Example(messages, label) if label in classification.labels else LABEL_NOT_ALLOWED


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and all(isinstance(turn.get(key), str) for key in ("role", "content"))


def _fault(messages: tuple[ChatMessage, ...]) -> Rejected | None:
    if any(message["role"] not in ROLES for message in messages):
        return UNKNOWN_ROLE
    if any(message["role"] == "system" for message in messages[1:]):
        return MISPLACED_SYSTEM
    if not any(message["role"] == "user" and message["content"].strip() for message in messages):
        return NO_VALID_TURNS
    last = messages[-1]
    answered = last["role"] == "assistant" and bool(last["content"].strip())
    return None if answered else MISSING_ASSISTANT_REPLY
