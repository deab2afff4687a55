"""The label that a reply names, if it names one and no other.

In this order: the reply is a label; a label comes after a mark such as `Answer:`; one line is a label or
begins with its letter (`b) Paris`); the reply holds one label and no other. All else is unparseable: two
labels, a denied one, part of a word, of a number or of an address. Time grows as the reply does.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

from sluice_trainer.chat.reasoning import split_reasoning
from sluice_trainer.evals.labels.addresses import addresses
from sluice_trainer.evals.labels.borders import bounded
from sluice_trainer.evals.labels.denials import denied
from sluice_trainer.evals.labels.marks import (
    ANSWER,
    announces,
    answers_otherwise,
    joins,
    names_other,
    retracts,
)
from sluice_trainer.evals.labels.places import Hit, hit
from sluice_trainer.evals.labels.trie import LabelTrie, fold_character, folded
from sluice_trainer.text import INVISIBLE, compatible, exact_form, unified, without

_BULLET: Final = re.compile(r"\A\s*[-*•]\s+(?![0-9])")
_DIGIT: Final = re.compile(r"(?![0-9])\d")
"""A digit of another script: `३` names the label `3`."""
_AROUND: Final = " \t\r\n*_`\"'()[]{}「」『』《》【】«»|"
_BEHIND: Final = _AROUND + ".,;:!?。、…"
_LEAD: Final = re.compile(r"[\s*_\"'`(\[]*([^\W\d_])[*_]*(?:[)\].:][*_)\]]*(?=\s)|\s-\s)")
"""A letter that a line begins with, set off as in a list of choices."""


Answers = set[str | None]
"""Labels that are announced; None for an answer that is no label."""


def find_label(reply: str, labels: Sequence[str]) -> str | None:
    """The label that the reply names; None when it names none, or more than one."""
    return _finder(tuple(labels)).find(split_reasoning(reply).answer)


@lru_cache(maxsize=16)
def _finder(labels: tuple[str, ...]) -> "_Finder":
    return _Finder(labels)


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
        final, announced = _announced(text, hits)
        if final:
            return _one(final)
        lines = self._lines(text)
        if announced:
            return _kept(text, hits, _one(announced | lines))
        bare = [] if answers_otherwise(text) else [hit for hit in hits if hit.bare]
        return _kept(text, hits, _one(lines) or _only(text, bare))

    def _whole(self, text: str) -> str | None:
        """The label that the text is, whatever is around it."""
        bullet = _BULLET.match(text)
        bare = text[bullet.end() if bullet else 0 :].lstrip(_AROUND).rstrip(_BEHIND)
        return self._label(text.strip()) or self._label(bare)

    def _lines(self, text: str) -> set[str]:
        """Labels that have a line to themselves; else letters that lines begin with."""
        lines = text.splitlines()
        return _found(map(self._whole, lines)) or _found(map(self._lead, lines))

    def _lead(self, line: str) -> str | None:
        lead = _LEAD.match(line)
        return self._label(lead[1]) if lead and not denied(line, *lead.span(1)) else None

    def _label(self, text: str) -> str | None:
        """The label that is written so; of labels that differ in case or separators alone, exactly so."""
        found = self._folded.get(folded(text), [])
        if len(found) > 1:
            found = [label for label in found if self._plain[label] == text]
        return found[0] if len(found) == 1 else None

    def _hits(self, text: str) -> list[Hit]:
        """Where labels are written, in order; not inside of addresses."""
        parts = [fold_character(character) for character in text]
        origin = [place for place, part in enumerate(parts) for _ in part] + [len(text)]
        places = self._trie.find("".join(parts), lambda start, end: bounded(text, origin[start], origin[end]))
        spans = _outside(((origin[start], origin[end]) for start, end in places), list(addresses(text)))
        named = [(start, end, self._label(text[start:end])) for start, end in spans]
        return [
            hit(text, start, end, name, self._plain[name]) for start, end, name in named if name is not None
        ]


def _plain(text: str) -> str:
    return _DIGIT.sub(_as_ascii, unified(compatible(without(text, INVISIBLE))))


def _as_ascii(digit: re.Match[str]) -> str:
    return str(unicodedata.decimal(digit[0]))


def _outside(spans: Iterable[tuple[int, int]], within: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that are no smaller part of one of the others, which are in order and do not overlap."""
    starts = [start for start, _ in within]
    kept = []
    for start, end in spans:
        at = bisect_left(starts, start + 1) - 1
        around = within[at] if at >= 0 else (start, end)
        if end > around[1] or (start, end) == around:
            kept.append((start, end))
    return kept


def _announced(text: str, hits: Sequence[Hit]) -> tuple[Answers, Answers]:
    """Labels after the final answer marks and after all, with those that are named together with them."""
    starts = [hit.start for hit in hits]
    final: Answers = set()
    every: Answers = set()
    for mark in ANSWER.finditer(text):
        at = bisect_left(starts, mark.end())
        found = _after(text, mark.end(), hits, at)
        every |= found
        final |= found if mark["final"] else set()
    return final, every


def _after(text: str, end: int, hits: Sequence[Hit], at: int) -> Answers:
    """What a mark announces that ends at `end`, before the hit number `at`."""
    if names_other(text, end, hits[at].start if at < len(hits) else len(text)):
        return {None}
    if at == len(hits) or not announces(text, end, hits[at].start) or not hits[at].after_mark:
        return set()
    if denied(text, hits[at].start, hits[at].end):
        return set()
    return {hits[at].label, *_together(text, hits, at)}


def _together(text: str, hits: Sequence[Hit], at: int) -> set[str]:
    """The labels that are named in one breath with the hit number `at`, up to the first other one."""
    first = hits[at].label
    for place in range(at, len(hits) - 1):
        one, other = hits[place], hits[place + 1]
        if not joins(text, one.end, other.start) or not other.bare or denied(text, other.start, other.end):
            break
        if other.label != first:
            return {other.label}
    return set()


def _only(text: str, hits: Sequence[Hit]) -> str | None:
    """The label of all hits, when it is one and none is denied."""
    if any(denied(text, hit.start, hit.end) for hit in hits):
        return None
    return _one({hit.label for hit in hits})


def _found(labels: Iterable[str | None]) -> set[str]:
    return {label for label in labels if label is not None}


def _one(labels: AbstractSet[str | None]) -> str | None:
    return next(iter(labels)) if len(labels) == 1 else None


def _kept(text: str, hits: Sequence[Hit], label: str | None) -> str | None:
    """The label, unless the reply denies each mention of it, or takes it back for another."""
    own = [hit for hit in hits if hit.label == label]
    if not own:
        return label
    if all(denied(text, hit.start, hit.end) for hit in own):
        return None
    others = any(hit.bare and hit.label != label and hit.start > own[0].start for hit in hits)
    return None if others and retracts(text, own[0].end) else label
