"""The label that a reply names, if it names one and no other.

In this order: the reply is a label; a label comes after a mark such as `Answer:`; one line is a label; the
reply holds one label and no other. All else is unparseable: two labels, a denied one, part of a word or of a
number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from sluice_trainer.chat.reasoning import split_reasoning
from sluice_trainer.evals.labels.borders import bounded
from sluice_trainer.evals.labels.marks import ANSWER, announces, denied, joins
from sluice_trainer.evals.labels.trie import LabelTrie, fold_character, folded
from sluice_trainer.text import INVISIBLE, compatible, exact_form, unified, without

_BULLET: Final = re.compile(r"\A\s*[-*•]\s+(?![0-9])")
_AROUND: Final = " \t\r\n*_`\"'()[]{}「」『』《》【】«»|"
_BEHIND: Final = _AROUND + ".,;:!?。、…"
_SMALL_WORD: Final = re.compile(
    "a|i|all|am|an|and|as|at|be|but|by|can|do|for|go|he|if|in|is|it|may|me|my|of|on|or|so|to|up|us|we|who|will"
)
"""Words of English sentences that are no answers there."""
_SET_OFF: Final = re.compile(r"\s*(?:[\"'*_`()\[\]{}.,;:!]|$|\n|(?:is|because|since|fits|applies|or|and)\b)")
_LOOK_BACK: Final = 32
_NAMED: Final = re.compile(
    r"(?:\b(?:option|choice|letter|choose|pick|select)\s|[\"'*_`(\[{])\s*$", re.IGNORECASE
)


def find_label(reply: str, labels: Sequence[str]) -> str | None:
    """The label that the reply names; None when it names none, or more than one."""
    return _finder(tuple(labels)).find(split_reasoning(reply).answer)


@lru_cache(maxsize=16)
def _finder(labels: tuple[str, ...]) -> "_Finder":
    return _Finder(labels)


@dataclass(frozen=True)
class _Hit:
    """A place where a label is written."""

    start: int
    end: int
    label: str
    bare: bool
    """It counts without a mark in front of it."""


class _Finder:
    """All labels of one task, compiled once."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        labels = tuple(filter(str.strip, labels))
        self._exact = {exact_form(label): label for label in reversed(labels)}
        self._plain = {label: _plain(label).strip() for label in labels}
        self._folded: dict[str, list[str]] = {}
        for label, plain in self._plain.items():
            self._folded.setdefault(folded(plain), []).append(label)
        self._trie = LabelTrie(filter(None, self._folded))

    def find(self, answer: str) -> str | None:
        """The label that the answer names."""
        text = _plain(answer)
        whole = self._exact.get(exact_form(answer)) or self._whole(text)
        if whole is not None:
            return whole
        hits = self._hits(text)
        announced = _announced(text, hits)
        if announced:
            return announced.pop() if len(announced) == 1 else None
        return self._alone(text) or _only(text, [hit for hit in hits if hit.bare])

    def _whole(self, text: str) -> str | None:
        """The label that the text is, whatever is around it."""
        bare = _BULLET.sub("", text, count=1).lstrip(_AROUND).rstrip(_BEHIND)
        return self._label(text.strip()) or self._label(bare)

    def _alone(self, text: str) -> str | None:
        """The label that has a line to itself, when no other label has one."""
        found = {self._whole(line) for line in text.splitlines()} - {None}
        return found.pop() if len(found) == 1 else None

    def _label(self, text: str) -> str | None:
        """The label that is written so; of labels that differ in case or separators alone, exactly so."""
        found = self._folded.get(folded(text), [])
        if len(found) > 1:
            found = [label for label in found if self._plain[label] == text]
        return found[0] if len(found) == 1 else None

    def _hits(self, text: str) -> list[_Hit]:
        """Where labels are written, in order."""
        parts = [fold_character(character) for character in text]
        origin = [place for place, part in enumerate(parts) for _ in part] + [len(text)]
        places = self._trie.find("".join(parts), lambda start, end: bounded(text, origin[start], origin[end]))
        spans = [(origin[start], origin[end]) for start, end in places]
        labels = [self._label(text[start:end]) for start, end in spans]
        return [
            _Hit(start, end, label, _is_bare(text, start, end, self._plain[label]))
            for (start, end), label in zip(spans, labels, strict=True)
            if label is not None
        ]


def _plain(text: str) -> str:
    return unified(compatible(without(text, INVISIBLE)))


def _is_bare(text: str, start: int, end: int, label: str) -> bool:
    """Whether a label is no other word of a sentence, such as the article for the label `A`."""
    small = _SMALL_WORD.fullmatch(label.casefold())
    letter = len(label) == 1 and label.casefold() != label.upper()
    if not small and not letter:
        return True
    if text[start:end] != label:
        return False
    if label.isupper() and not (small and letter):
        return True
    return bool(_NAMED.search(text[max(0, start - _LOOK_BACK) : start]) or _SET_OFF.match(text, end))


def _announced(text: str, hits: Sequence[_Hit]) -> set[str]:
    """Labels after the last answer mark that has any; two when they are named together."""
    for mark in reversed(list(ANSWER.finditer(text))):
        after = [hit for hit in hits if hit.start >= mark.end()]
        if (
            after
            and announces(text[mark.end() : after[0].start])
            and not denied(text, after[0].start, after[0].end)
        ):
            return {after[0].label} | _together(text, after)
    return set()


def _together(text: str, hits: Sequence[_Hit]) -> set[str]:
    """Labels that are named in one breath with the first."""
    found = set()
    for one, other in pairwise(hits):
        if not joins(text[one.end : other.start]):
            break
        found.add(other.label)
    return found


def _only(text: str, hits: Sequence[_Hit]) -> str | None:
    """The label of all hits, when it is one and none is denied."""
    if any(denied(text, hit.start, hit.end) for hit in hits):
        return None
    found = {hit.label for hit in hits}
    return found.pop() if len(found) == 1 else None
