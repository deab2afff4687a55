"""Which prompts of evaluation packs stand in training conversations, exactly or nearly.

A prompt is what people said up to an answer. Training answers every assistant turn of its conversations, so
each of them gives a prompt; an evaluation item has one. The index holds hashes of the items alone, so memory
does not grow with what is trained on.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.promptforms import exact_prompt, near_prompt

Messages = Sequence[ChatMessage]


@dataclass(frozen=True)
class Item:
    """An item of an evaluation pack."""

    pack: str
    """Name of the pack or suite."""
    id: str


@dataclass(frozen=True)
class Matches:
    """Items whose prompt a conversation trains an answer to."""

    exact: frozenset[Item] = frozenset()
    near: frozenset[Item] = frozenset()
    """Those that are equal in the near form alone."""


@dataclass
class PromptIndex:
    """Prompts of evaluation items by the hash of their forms."""

    _exact: defaultdict[bytes, set[Item]] = field(default_factory=lambda: defaultdict(set))
    _near: defaultdict[bytes, set[Item]] = field(default_factory=lambda: defaultdict(set))

    def add(self, item: Item, prompt: Messages, preamble: str) -> None:
        """Take in an item. `preamble` is what its task puts before the text."""
        for text in _texts(prompt, preamble):
            self._exact[_key(exact_prompt(text))].add(item)
            self._near[_key(near_prompt(text))].add(item)

    def matches(self, conversation: Messages, preamble: str) -> Matches:
        """Items that this training conversation answers."""
        texts = set(_trained(conversation, preamble))
        exact = frozenset().union(*(self._exact.get(_key(exact_prompt(t)), ()) for t in texts))
        near = frozenset().union(*(self._near.get(_key(near_prompt(t)), ()) for t in texts))
        return Matches(exact, near - exact)


def _trained(conversation: Messages, preamble: str) -> Iterator[str]:
    """Prompts that a conversation trains an answer to."""
    for place, message in enumerate(conversation):
        if message["role"] == "assistant":
            yield from _texts(conversation[:place], preamble)


def _texts(messages: Messages, preamble: str) -> Iterator[str]:
    """Everything the user said, with and without the preamble; of a prompt without user turns, everything."""
    said = [m["content"] for m in messages if m["role"] == "user"] or [m["content"] for m in messages]
    yield "\n".join(said)
    yield "\n".join(text.removeprefix(preamble) for text in said)


def _key(form: str) -> bytes:
    return hashlib.blake2b(form.encode("utf-8", "surrogatepass"), digest_size=16).digest()
