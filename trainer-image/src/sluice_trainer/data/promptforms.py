"""The two forms in which prompts are compared: what is equal in the exact form is the same prompt, what is
equal in the near form alone is most likely the same prompt in another spelling.

Neither makes two different numbers or operators equal: `3.14` is no `314`, `-7` no `7`, C++ no C#.
"""

import re
import unicodedata
from typing import Final

from sluice_trainer import text as steps

_IGNORABLE: Final = (
    steps.INVISIBLE
    + steps.JOINERS
    + "\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u3164\uffa0"
    + "".join(map(chr, range(0xE0000, 0xE0080)))
)
"""Unicode's default-ignorable signs, without the invisible operators."""
_IGNORED: Final = dict.fromkeys(map(ord, _IGNORABLE))
_OF_NO_NUMBER: Final = re.compile(
    r"(?=[.,:!'٫٬])(?:"  # most letters are none of these: four times as fast
    r"\.(?!\d)"  # a full stop, not a decimal point
    r"|[,'٫٬](?!\d)|(?<!\d)[,'٫٬]"
    r"|:(?![:=]| ?\d)|(?<!\d)(?<!\d ):(?![:=])"
    r"|(?<![\d)\]])(?<![\d)\]] )(?<!\b[a-z])!(?![=\w(]))"  # not that of `5!`, `n!`, `!=`, `!x`
)
"""Signs that belong to numbers and formulas in one place and end a phrase in another; here the latter."""
_KEPT: Final = frozenset(".,:!'٫٬%&*/\\#@§‰‱٪·′″‴_")
_QUOTES: Final = frozenset("`「」『』《》")
_AROUND_OPERATORS: Final = re.compile(r" ?(!=|:=|[*/=<>^%&|+]) ?")


class _Phrases(dict[int, str]):
    """Punctuation of phrases becomes white space; everything else stays."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        dropped = unicodedata.category(sign) in ("Po", "Pi", "Pf") or sign in _QUOTES
        self[code] = " " if dropped and sign not in _KEPT else sign
        return self[code]


_PHRASES: Final = _Phrases()


def exact_prompt(text: str) -> str:
    """Unicode composition and the amount of white space do not count."""
    return steps.single_spaced(steps.exact_form(text))


def near_prompt(text: str) -> str:
    """Case, width, invisible signs, quotation marks and the punctuation of phrases do not count either.

    Letters with their marks, numbers, operators, brackets and symbols do. A prompt of nothing but
    punctuation stands for itself.
    """
    plain = text.casefold() if text.isascii() else steps.unified(steps.caseless(text.translate(_IGNORED)))
    meant = _OF_NO_NUMBER.sub(" ", steps.single_spaced(plain)).translate(_PHRASES)
    return _AROUND_OPERATORS.sub(r"\1", steps.single_spaced(meant)) or exact_prompt(text)
