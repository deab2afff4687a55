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
_PARTICLES: Final = (
    "입니다|이에요|예요|이다|임|이며|이고|으로|로|은|는|이|가|을|를|의|에|와|과|도"  # glued to Korean nouns
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
_AFTER_KOREAN: Final = re.compile(f"{_AFTER_WORD.pattern}|(?=(?:{_PARTICLES})(?!{_PART}))")
_BEFORE_LETTER: Final = re.compile(f"{_BEFORE_WORD.pattern}(?<!{_PART}[/.&'])")
_AFTER_LETTER: Final = re.compile(f"{_AFTER_WORD.pattern}(?![/.&]{_PART})")
_BEFORE_NUMBER: Final = re.compile(
    f"(?<!{_PART})(?<![-.<~±≤≥≈$€£¥])(?<!-\\s)"  # a sign, a point or a currency makes another number
    "(?<![0-9][,:/'^*])"
)
_AFTER_NUMBER: Final = re.compile(
    f"(?!{_PART})(?![.,:/'^*-][0-9])(?!\\s?%)(?! [0-9]{{3}}(?![0-9]))(?![+°$€£¥])"
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
    return bool(_before(label).match(text, start) and _after(label).match(text, end))


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
    if "\uac00" <= last <= "\ud7a3":
        return _AFTER_KOREAN
    if last.isalpha() or unicodedata.category(last)[0] == "M":
        return _AFTER_LETTER if len(label) == 1 else _AFTER_WORD
    return _AFTER_SIGNED if any(map(str.isalnum, label)) else _AFTER_SIGN
