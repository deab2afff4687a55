"""The Unicode steps from which forms of texts are built: for scores, contamination, contradicting answers.

None of them makes two different numbers or operators equal. Each form chooses its steps.
"""

import unicodedata
from functools import lru_cache
from typing import Final

JOINERS: Final = "\u200c\u200d"
"""ZERO WIDTH NON-JOINER and JOINER: they tell words apart in Persian and Malayalam, and make emoji."""
INVISIBLE: Final = "\u00ad\u034f\u061c\u200b\u200e\u200f\u2060\ufeff" + "".join(
    chr(code)
    for first, last in ((0x202A, 0x202E), (0x2066, 0x206F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
    for code in range(first, last + 1)
)
"""Characters that show nothing of their own: soft hyphens, zero-width spaces, direction marks, variation
selectors. Not the invisible operators: `2`, INVISIBLE TIMES, `3` is no `23`."""
_MARKS: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛‹›ʼ´׳", "'"),
        **dict.fromkeys("“”„‟«»〝〞〟״", '"'),
        **dict.fromkeys("‐‑‒–—―−⁃˗־֊", "-"),
        "〜": "~",
    }
)
_UNFOLDED: Final = ("<super>", "<sub>", "<fraction>", "<circle>")
"""Kinds of characters whose compatible form reads as something else: `2²` is no `22`, `1½` is no `11/2`."""


def exact_form(text: str) -> str:
    """The text in Unicode's composed form (NFC) without white space around it."""
    return unicodedata.normalize("NFC", text).strip()


def compatible(text: str) -> str:
    """NFKC, save for characters whose compatible form would change a number that they are in or next to."""
    return text if text.isascii() else unicodedata.normalize("NFC", "".join(map(_compatible, text)))


@lru_cache(maxsize=1 << 16)
def _compatible(character: str) -> str:
    kind = unicodedata.decomposition(character).partition(" ")[0]
    if not kind.startswith("<") or kind in _UNFOLDED:
        return character
    form = unicodedata.normalize("NFKC", character)
    numeric = any(unicodedata.category(part).startswith("N") for part in form)
    # `⒈5` is no `1.5`; and a spacing accent would become a space with an accent on it.
    changes = (numeric and not character.isdecimal()) or (form.startswith(" ") and not character.isspace())
    return character if changes else form


def caseless(text: str) -> str:
    """The text without differences of case and compatibility."""
    return compatible(compatible(text).casefold())


def unified(text: str) -> str:
    """Every apostrophe, quotation mark and dash as its ASCII sign; a minus sign is a dash."""
    return text.translate(_MARKS)


def without(text: str, characters: str) -> str:
    """The text without these characters."""
    return text.translate(dict.fromkeys(map(ord, characters)))


def single_spaced(text: str) -> str:
    """One space where there is white space, and none around the text."""
    return " ".join(text.split())
