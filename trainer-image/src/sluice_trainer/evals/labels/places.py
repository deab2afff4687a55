"""Where a label is written, and whether it is the label there or another word of a sentence."""

import re
from dataclasses import dataclass
from typing import Final

from sluice_trainer.evals.labels.borders import is_unbounded
from sluice_trainer.evals.labels.denials import is_negation

_SMALL_WORD: Final = re.compile(
    "a|i|all|am|an|and|any|as|at|be|both|but|by|can|do|for|go|he|if|in|is|it|may|me|my|neither|none|of|on|or|other"
    "|so|to|up|us|we|who|will"
)
"""Words of English sentences that are no answers there."""
_SET_OFF: Final = re.compile(
    r"\s*(?:[\"'*_`()\[\]{}.,;:!?|<&/+$\\。，、！？；：]|$|\n|-\s"
    r"|(?i:is|because|since|as|for|fits|applies|or|and|plus|with|then|maybe|perhaps|possibly|the|this|it|i|answer)\b)|(?:的|입니다|이다|です|だ)(?!\w)"
)
_GOES_ON: Final = re.compile(r"\b(?:is|are|was|were|be|there|has|have|had|with|of|in|by)\s+$", re.IGNORECASE)
"""Before a `no` that denies what was cut off behind it."""
_COUNTED: Final = re.compile(r"\s*(?:stars?|points?|out of)\b|[^\s\d.,:%]", re.IGNORECASE)
_LOOK_BACK: Final = 32
_CHOSEN: Final = re.compile(r"(?:\b(?:option|choice|letter)\s|\()\s*$", re.IGNORECASE)
_NAMED: Final = re.compile(
    rf"{_CHOSEN.pattern}|(?:\b(?:choose|pick|select)\s|[\"'*_`\[{{])\s*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Hit:
    """A place where a label is written."""

    start: int
    end: int
    label: str
    bare: bool
    """It counts without a mark in front of it."""
    after_mark: bool
    """It counts with a mark in front of it."""


def hit(text: str, start: int, end: int, label: str, plain: str) -> Hit:
    """The label with this plain form, written here."""
    return Hit(start, end, label, _is_bare(text, start, end, plain), _after_mark(text, start, end, plain))


def _is_bare(text: str, start: int, end: int, label: str) -> bool:
    """Whether a label is no other word of a sentence, such as the article for the label `A`."""
    set_off = bool(_SET_OFF.match(text, end))
    if label.isdecimal():
        return set_off or bool(_COUNTED.match(text, end))
    if _is_single_character(label):
        return set_off and not text[max(0, start - 1) : start].isalnum()
    before = text[max(0, start - _LOOK_BACK) : start]
    if is_negation(label):
        return set_off and not _GOES_ON.search(before)
    return _is_bare_word(text[start:end], label, set_off, before)


def _is_bare_word(written: str, label: str, set_off: bool, before: str) -> bool:
    small, letter = bool(_SMALL_WORD.fullmatch(label.casefold())), _is_letter(label)
    if not small and not letter:
        return True
    if written != label:
        return (letter or label.islower()) and set_off and bool(_CHOSEN.search(before))
    if label.isupper() and not (small and letter):
        return True
    return set_off or bool(_NAMED.search(before))


def _after_mark(text: str, start: int, end: int, label: str) -> bool:
    """Whether a label after a mark is no other word, as in `The answer is a bit unclear`."""
    if not (_SMALL_WORD.fullmatch(label.casefold()) or is_negation(label) or _is_single_character(label)):
        return True
    if len(label) > 1 and label.isupper() and text[start:end] == label and not is_negation(label):
        return True
    return bool(_SET_OFF.match(text, end))


def _is_letter(label: str) -> bool:
    return len(label) == 1 and label.casefold() != label.upper()


def _is_single_character(label: str) -> bool:
    """Whether a label is one character of a script without borders of words, such as 是."""
    return len(label) == 1 and is_unbounded(label)
