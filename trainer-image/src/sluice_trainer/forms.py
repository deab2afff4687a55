"""Forms of a reply and a reference that are compared: one function per rule.

No form is empty unless the text is: what a rule would leave nothing of stays as it is.
"""

import re
import string
import unicodedata
from typing import Final

from sluice_trainer.text import INVISIBLE, JOINERS, caseless, single_spaced, unified, without

_ARTICLES: Final = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION: Final = str.maketrans("", "", string.punctuation)

_PAUSES: Final = ".,;?…。、،؛؟।॥۔።၊។"
"""Marks that neither a number nor an operator ends with."""
_OPENING: Final = '"([{「『《〈【〔¿¡'
_CLOSING: Final = '")]}」』》〉】〕!:' + _PAUSES
_OPERATORS: Final = re.compile(r"[*/%^\\∕⁄]|(?<![^\s(\[{])-")
_QUOTED: Final = re.compile(r"(?<!\w)'\w.*\w\W*'(?!\w)", re.DOTALL)
_FRENCH_GAP: Final = re.compile("(?<=«)\\s|\\s(?=»)|[\u00a0\u202f](?=[?!;:])")
_LAST_GAP: Final = re.compile(r"\s+(?=[" + re.escape(_PAUSES) + r"]+\s*$)")


def normalized_form(text: str) -> str:
    """The text without differences of width, case, white space, kinds of quotation marks and of dashes.

    Punctuation at the edge of a word is dropped; never inside a word or number, before a number, or at a sign
    or operator. Signs, operators, joiners and vowel signs stay. Where there is an operator, brackets group,
    so they stay too.
    """
    visible = without(_FRENCH_GAP.sub("", text), INVISIBLE)
    plain = unified(caseless(visible))
    quote = "'" if _QUOTED.search(plain) else ""
    opening, closing = _OPENING + quote, _CLOSING + quote
    if _has_operator(plain):
        opening, closing = "", _PAUSES
    words = _LAST_GAP.sub("", plain).split()
    return " ".join(_trim(word, opening, closing) for word in words) or text


def squad_form(text: str) -> str:
    """The rule of SQuAD: lower case, no ASCII punctuation, no articles, single spaces."""
    lower = text.lower()
    form = single_spaced(_ARTICLES.sub(" ", lower.translate(_NO_PUNCTUATION)))
    return form or single_spaced(lower) or text


def _has_operator(text: str) -> bool:
    return bool(_OPERATORS.search(text)) or any(unicodedata.category(sign) == "Sm" for sign in text)


def _trim(word: str, opening: str, closing: str) -> str:
    """The word without marks around it. Of a number or a sign only a pause behind it is dropped."""
    if not word.strip(opening + closing):
        return word
    start = word.lstrip(opening)
    word = start if _is_letter(start[0]) else word
    end = word.rstrip(closing)
    return end if _is_letter(end[-1]) else word.rstrip(_PAUSES)


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in JOINERS
