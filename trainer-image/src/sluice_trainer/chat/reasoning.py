"""What a model thinks aloud before it answers is evidence and no part of the answer.

One place knows the marks of think blocks: replies, references and training rows are split here, whoever asks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MARKS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("◁think▷", "◁/think▷"),
    ("[THINK]", "[/THINK]"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
)
"""What opens and what closes a think block, as the templates of reasoning models write it.

Models write them in other cases and with spaces inside as well.
"""

_OPENS: Final = dict(MARKS)
_CLOSES: Final = frozenset(close.casefold() for _, close in MARKS)
_FINAL: Final = r"(?:<\|start\|>\w{1,16})?<\|channel\|>\s?final(?:(?!<\|(?!constrain)).){0,64}<\|message\|>"
_ASIDE: Final = (
    r"(?:<\|start\|>\w{1,16})?<\|channel\|>\s?(?:analysis|commentary)(?:(?!<\|(?!constrain)).){0,64}"
    r"(?:<\|message\|>)?"
)
_BARE_ASIDE: Final = (  # not `analysisResult.push(x)`
    r"\A\s{0,8}(?:assistant)?analysis"
    r"(?=(?:We|The|User|I|Need|Let|Okay|This|So|It)\b[ ']|[A-Z\"][\s\S]*assistantfinal)"
)
_BARE_FINAL: Final = "assistantfinal"
"""Channels of Harmony replies, with their control tokens and without."""
_PROSE: Final = r"\A\s{0,8}(?:Here is|Here['’]s) my thought process:"
_PROSE_FINAL: Final = r"(?:Here is|Here['’]s) my response:"
"""How Granite opens its thoughts and its answer."""
_SPACE: Final = re.compile(r"\s")
_HARMONY_END: Final = re.compile(r"<\|(?:end|return)\|>")


def _spaced(mark: str) -> str:
    """A mark with spaces inside its brackets."""
    spaces = r"\s{0,2}"
    return (
        re.escape(mark[0])
        + spaces
        + re.escape(mark[1:-1]).replace("/", f"/{spaces}")
        + spaces
        + re.escape(mark[-1])
    )


_MARK: Final = re.compile(
    rf"(?P<final>{_FINAL})|(?P<aside>{_ASIDE})|(?-i:(?P<bare>{_BARE_ASIDE}|{_PROSE})|(?P<bare_final>{_BARE_FINAL}|{_PROSE_FINAL}))|"
    + "|".join(_spaced(mark) for pair in MARKS for mark in pair),
    re.IGNORECASE,
)


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
    for mark in _marks(text):
        (thought if depth else said).append(text[at : mark.start()])
        at = mark.end()
        if _closes(mark) and not depth:
            thought.extend(said)
            said.clear()
        depth = _depth(mark, depth)
    (thought if depth else said).append(text[at:])
    if not opened and at == 0:
        return Split("", text)
    return Split(_joined(thought), _joined(said))


def closes_unopened(text: str) -> bool:
    """Whether a reply closes a block that it did not open: the prompt had opened it."""
    depth = 0
    for mark in _marks(text):
        if mark.lastgroup is None and _closes(mark) and not depth:
            return True
        depth = _depth(mark, depth)
    return False


def _marks(text: str) -> Iterator[re.Match[str]]:
    """Marks in order. Plain words end a block only where plain words opened it."""
    harmony = False
    for mark in _MARK.finditer(text):
        harmony = harmony or mark.lastgroup == "bare"
        if harmony or mark.lastgroup != "bare_final":
            yield mark


def _closes(mark: re.Match[str]) -> bool:
    return mark.lastgroup in ("final", "bare_final") or _SPACE.sub("", mark[0]).casefold() in _CLOSES


def _depth(mark: re.Match[str], depth: int) -> int:
    """How many blocks are open after a mark. A channel ends the one before it."""
    if mark.lastgroup is not None:
        return int(not _closes(mark))
    return max(0, depth - 1) if _closes(mark) else depth + 1


def _joined(parts: Sequence[str]) -> str:
    return _HARMONY_END.sub("", "".join(parts)).strip()


def open_mark(prompt: str) -> str | None:
    """The mark at the end of a prompt that leaves a think block open; None when there is none."""
    end = prompt.rstrip()
    ends = (end[-len(opened) :] for opened in _OPENS if end.casefold().endswith(opened.casefold()))
    return next(ends, None)


def close_of(opened: str) -> str:
    """What closes the block that a mark opens, in its spelling."""
    return _OPENS.get(opened) or f"{opened[0]}/{opened[1:]}"
