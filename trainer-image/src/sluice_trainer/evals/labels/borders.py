"""Where a label may begin and end in a reply, by what is next to it.

A label is a whole word and a number is a whole number. Scripts that put no space between words have no
borders.
"""

import re
import unicodedata
from typing import Final

UNBOUNDED: Final = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u1a20-\u1aaf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Tibetan, Burmese, Khmer, kana and Han."""
_PARTICLES: Final = (  # glued to any noun in Korean
    "입니다|이에요|예요|이다|임|이며|이고|이므로|이지만|이라고|라고|이라는|라는|이나|나|인|으로|로|은|는|이|가|을|를|의"
    "|에|에서|에는|와|과|도|만|및"
)
_UNBOUNDED: Final = re.compile(f"[{UNBOUNDED}]")


def _marks() -> str:
    """Vowel signs and accents as a class of characters."""
    marks = (chr(code) for code in range(0x20000) if unicodedata.category(chr(code))[0] == "M")
    return f"[{''.join(marks)}]"


_MARK: Final = _marks()
_PART: Final = f"(?:(?![{UNBOUNDED}])(?:[\\w\u200c\u200d]|{_MARK}))"
"""One character that a word goes on with, where words have borders."""
_BEFORE_WORD: Final = re.compile(f"(?<!{_PART})(?<!{_PART}-)")
_AFTER_WORD: Final = re.compile(
    f"(?!{_PART})(?!{_MARK})(?![+#])"
    f"(?!-(?!related\\b){_PART})"  # `non-spam` and `error-free` are other words
    f"(?!'(?!s\\b){_PART})",
    re.IGNORECASE,
)
_KOREAN: Final = re.compile(f"(?=(?:{_PARTICLES})(?!{_PART}))")
_BEFORE_LETTER: Final = re.compile(f"{_BEFORE_WORD.pattern}(?<!{_PART}[/.&'])")
_AFTER_LETTER: Final = re.compile(f"{_AFTER_WORD.pattern}(?![/.&]{_PART})")
# A sign, a point or a currency makes another number.
_BEFORE_NUMBER: Final = re.compile(
    f"(?<!{_PART})(?<![-.…<~±≤≥≈$€£¥₹])(?<![-<~±≤≥≈$€£¥₹]\\s)"
    r"(?<!^>)(?<!^>\s)(?<![\s(]>)(?<![\s(]>\s)(?<![<>]=)(?<![<>]=\s)"  # `> 4`, not the tag `<answer>4`
    r"(?<!\d[,:/'^*×٫٬،])(?<!\d\s[/×*]\s)(?<!\d\sto\s)"
)
_NOT_ITSELF: Final = re.compile(
    r"\b(?:than|at least|at most|over|under|above|below|about|around|approximately|nearly|almost|up to"
    r"|between|between \d+ and|of"
    r"|step|question|text|example|sentence|review|paragraph|line|item|reason|section|page|figure|table)\s#?$",
    re.IGNORECASE,
)
"""Before a number that compares, counts or numbers something else."""
_LOOK_BACK: Final = 24
_AFTER_NUMBER: Final = re.compile(
    f"(?!{_PART})"
    r"(?!\s?(?:\.+|…|[,:/'^*×~٫٬،-])\s?\d(?<!, \d))"
    r"(?!\s?[%٪°$€£¥₹])(?! \d{3}(?!\d))(?!\+)"
    r"(?!\s(?:to \d|or (?:more|less|fewer|higher|lower|above|below)\b|percent|per cent))"
)
_BEFORE_SIGNED: Final = re.compile(f"(?<!{_PART})(?<![-+])")
_AFTER_SIGNED: Final = re.compile(f"(?!{_PART})")
_BEFORE_SIGN: Final = re.compile(r"(?<!\S)")
_AFTER_SIGN: Final = re.compile(r"(?!\S)")
_ANYWHERE: Final = re.compile("")
_AFTER_UNBOUNDED: Final = re.compile(f"(?!{_MARK})")


def bounded(text: str, start: int, end: int) -> bool:
    """Whether what is written from start to end is a whole word or a whole number there."""
    label = text[start:end]
    if label[0].isdecimal() and _NOT_ITSELF.search(text[max(0, start - _LOOK_BACK) : start]):
        return False
    return bool(
        _before(label).match(text, start) and (_after(label).match(text, end) or _KOREAN.match(text, end))
    )


def is_unbounded(character: str) -> bool:
    """Whether words of this character's script have no borders."""
    return _UNBOUNDED.match(character) is not None


def _before(label: str) -> re.Pattern[str]:
    first = label[0]
    if first.isdecimal():
        return _BEFORE_NUMBER
    if _UNBOUNDED.match(first):
        return _ANYWHERE
    if first.isalpha():
        return _BEFORE_LETTER if len(label) == 1 else _BEFORE_WORD
    return _BEFORE_SIGNED if any(map(str.isalnum, label)) else _BEFORE_SIGN


def _after(label: str) -> re.Pattern[str]:
    last = label[-1]
    if last.isdecimal():
        return _AFTER_NUMBER
    if _UNBOUNDED.match(last):
        return _AFTER_UNBOUNDED
    if last.isalpha() or unicodedata.category(last)[0] == "M":
        return _AFTER_LETTER if len(label) == 1 else _AFTER_WORD
    return _AFTER_SIGNED if any(map(str.isalnum, label)) else _AFTER_SIGN
