"""Does a suite ask what the candidate was trained on? Exact overlap of normalised prompts.

A prompt is what people said up to an answer. Training answers every assistant turn of its conversations, so
each of them gives a prompt; a suite item has one.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sluice_trainer.data.mappers.example import ChatMessage

_WORD = re.compile(r"[^\W_]+")
Messages = Sequence[ChatMessage]


@dataclass(frozen=True)
class Overlap:
    """Suite items whose prompt stands in a training pack."""

    suite: str
    items: int
    shared: tuple[str, ...]
    """Ids of the items."""


def normal_form(text: str) -> str:
    """Words in lower case with one space between them; a text without words stands for itself."""
    return " ".join(_WORD.findall(text.lower())) or text.strip()


def prompts_of(messages: Messages, preamble: str) -> set[str]:
    """Normal forms of everything the user said, with and without the preamble that the task puts before."""
    said = [m["content"] for m in messages if m["role"] == "user"]
    bare = [text.removeprefix(preamble) for text in said]
    return {normal_form("\n".join(said)), normal_form("\n".join(bare))}


def trained_prompts(messages: Messages, preamble: str) -> set[str]:
    """Prompts that this conversation trains an answer to."""
    answers = (place for place, message in enumerate(messages) if message["role"] == "assistant")
    return {prompt for place in answers for prompt in prompts_of(messages[:place], preamble)}


def overlap(suite: str, asked: Mapping[str, AbstractSet[str]], trained: AbstractSet[str]) -> Overlap:
    """Items of a suite, given as prompts by id, that were trained on."""
    shared = tuple(item for item, prompts in asked.items() if prompts & trained)
    return Overlap(suite, len(asked), shared)


def complaint(overlaps: Sequence[Overlap]) -> str | None:
    """What is shared, in one sentence; None when nothing is."""
    found = [o for o in overlaps if o.shared]
    if not found:
        return None
    parts = ", ".join(f"{len(o.shared)} of {o.items} prompts of suite {o.suite}" for o in found)
    return f"{parts} stand in a training pack, such as item {found[0].shared[0]}"
