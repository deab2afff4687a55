"""Fits a document into the length: what is too much is cut out of the middle of its longest turns.

Start token, system prompt, headers, the beginning and the end of each turn, and the final answer stay whole,
so that an instruction at the head of a prompt and the question at its end are still there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sluice_trainer.chat.masks import Marked, Turn
from sluice_trainer.chat.tokenizer import Encoded
from sluice_trainer.chat.unusable import ANSWER_TOO_LONG, NO_ANSWER_TOKENS, PROMPT_TOO_LONG, Unusable
from sluice_trainer.data.shards import IGNORE, Document

KEPT_TOKENS: Final = 8
"""Fewest tokens that are left of a turn."""
_NEVER_CUT: Final = frozenset({"system", "developer"})

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """A document, and whether part of its prompt was cut out."""

    document: Document
    truncated: bool


def fit(encoded: Encoded, marked: Marked, length: int) -> Fitted | Unusable:
    """A document of at most `length` tokens that ends with the whole final answer.

    An earlier answer that had to be cut carries no loss.
    """
    answers = [within(encoded, span) for span in marked.answers]
    final = np.flatnonzero(answers[-1])
    if not len(final) or not final[0]:
        return Unusable(NO_ANSWER_TOKENS, "no token before or in the final answer")
    end = int(final[-1]) + 1
    cuts = list(_cuts(encoded, _longest_first(encoded, marked.turns), end - length))
    gone = np.zeros(end, dtype=np.bool_)
    for cut in cuts:
        gone[cut] = True
    if end - int(gone.sum()) > length:
        return _too_long(len(final), end, length, encoded, marked)
    whole = [answer[:end] for answer in answers if not np.any(answer[:end] & gone)]
    return _document(encoded.ids[:end], np.logical_or.reduce(whole), gone)


def _document(ids: npt.NDArray[np.int32], learnt: Mask, gone: Mask) -> Fitted:
    learnt[0] = False
    labels = np.where(learnt, ids, IGNORE).astype(np.int32)
    return Fitted(Document(ids[~gone], labels[~gone]), bool(gone.any()))


def within(encoded: Encoded, span: tuple[int, int]) -> Mask:
    """Tokens that lie in a span of the text."""
    start, end = span
    found: Mask = (encoded.starts >= start) & (encoded.ends <= end) & (encoded.starts < end)
    return found


def _longest_first(encoded: Encoded, turns: Sequence[Turn]) -> list[npt.NDArray[np.intp]]:
    """Tokens of each turn that may be cut: users' turns before all others, the longest first."""
    places = [(turn, np.flatnonzero(within(encoded, turn.span))) for turn in turns]
    allowed = [(t, p) for t, p in places if t.role not in _NEVER_CUT and len(p) > KEPT_TOKENS]
    return [p for _, p in sorted(allowed, key=lambda one: (one[0].role != "user", -len(one[1])))]


def _cuts(
    encoded: Encoded, turns: Sequence[npt.NDArray[np.intp]], over: int
) -> Iterator[npt.NDArray[np.intp]]:
    """Tokens to leave out, until `over` of them are gone or nothing is left to cut."""
    for places in turns:
        if over <= 0:
            return
        wanted = min(over, len(places) - KEPT_TOKENS)
        head = (len(places) - wanted + 1) // 2
        cut = _whole_letters(encoded, places, head, head + wanted)
        over -= len(cut)
        yield cut


def _whole_letters(
    encoded: Encoded, places: npt.NDArray[np.intp], start: int, stop: int
) -> npt.NDArray[np.intp]:
    """The cut, wide enough that no letter of several tokens is left in part."""
    starts, ends = encoded.starts[places], encoded.ends[places]
    while start > 0 and starts[start] < ends[start - 1]:
        start -= 1
    while stop < len(places) and starts[stop] < ends[stop - 1]:
        stop += 1
    return places[start:stop]


def _too_long(answer: int, end: int, length: int, encoded: Encoded, marked: Marked) -> Unusable:
    rest = sum(len(places) - KEPT_TOKENS for places in _longest_first(encoded, marked.turns))
    needed = end - rest
    code = ANSWER_TOO_LONG if answer >= length else PROMPT_TOO_LONG
    return Unusable(code, f"needs {needed} tokens, sequenceLength is {length}", needed)
