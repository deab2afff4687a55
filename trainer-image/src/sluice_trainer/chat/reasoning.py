"""What a model thinks aloud before it answers is evidence and no part of the answer.

One place knows the marks of think blocks: replies, references and training rows are split here, whoever asks.
"""

import re
from dataclasses import dataclass
from typing import Final

MARKS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
)
"""What opens and what closes a think block, as the templates of reasoning models write it."""

_OPENS: Final = dict(MARKS)
_CLOSES: Final = {close: opened for opened, close in MARKS}
_MARK: Final = re.compile("|".join(re.escape(mark) for pair in MARKS for mark in pair))


@dataclass(frozen=True)
class Split:
    """A text in its two parts."""

    reasoning: str
    answer: str


def split_reasoning(text: str, opened: bool = False) -> Split:
    """Think blocks apart from the answer; a text without any is an answer as it is.

    A block that nothing closes reaches to the end. What comes before a mark that only closes was thought too,
    for then the prompt had opened the block; `opened` says so where not even that mark came.
    """
    thought: list[str] = []
    said: list[str] = []
    depth, at = int(opened), 0
    for mark in _MARK.finditer(text):
        (thought if depth else said).append(text[at : mark.start()])
        at = mark.end()
        if mark[0] in _OPENS:
            depth += 1
        elif depth:
            depth -= 1
        else:
            thought, said = [*thought, *said], []
    (thought if depth else said).append(text[at:])
    if not opened and at == 0:
        return Split("", text)
    return Split("".join(thought).strip(), "".join(said).strip())


def closes_unopened(text: str) -> bool:
    """Whether a reply closes a block that it did not open: the prompt had opened it."""
    depth = 0
    for mark in _MARK.finditer(text):
        if mark[0] in _CLOSES and not depth:
            return True
        depth += 1 if mark[0] in _OPENS else -1
    return False


def open_mark(prompt: str) -> str | None:
    """The mark at the end of a prompt that leaves a think block open; None when there is none."""
    end = prompt.rstrip()
    return next((opened for opened in _OPENS if end.endswith(opened)), None)


def close_of(opened: str) -> str:
    """What closes the block that a mark opens."""
    return _OPENS[opened]
