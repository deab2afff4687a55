"""What mappers yield."""

from dataclasses import dataclass
from typing import TypedDict


class ChatMessage(TypedDict):
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True)
class Example:
    """An accepted row: a conversation that ends with the answer."""

    messages: tuple[ChatMessage, ...]
    label: str | None = None
    """The answer as one of the task's labels; None when the task has none."""
    ignored: tuple[str, ...] = ()
    """Keys of the row that nothing was taken from; those of a turn as `messages[].id`."""
