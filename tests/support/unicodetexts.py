"""Generated texts: words of six scripts, numbers, operators, and the ways in which one text can be written.

`SLUICE_EXAMPLES` sets how many texts a property is tried on.
"""

import os
import unicodedata
from collections.abc import Sequence
from functools import reduce

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

MANY = settings(
    max_examples=int(os.environ.get("SLUICE_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LETTERS = {
    "Latin": "aeinorstäéñßøİıſ",
    "Cyrillic": "абвгдежий",
    "Arabic": "ابتنمهيی",
    "Devanagari": "कखगनमदरय",
    "Thai": "กขคงจนมย",
    "Han": "東京中文字人大",
}
MARKS = {
    "Latin": "\u0301\u0308\u0327\u0323",
    "Cyrillic": "\u0306\u0308",
    "Arabic": "\u064b\u0650\u0651\u200c",
    "Devanagari": "\u093e\u093f\u0940\u094d\u200d",
    "Thai": "\u0e34\u0e35\u0e38\u0e48",
    "Han": "",
}
OPERATORS = (
    *"+-*/%^&|~=<>±×÷≤≥≠≈∈∧√·°#@$€!",
    *("==", "!=", "<=", ">=", ":=", "->", "++", "**", "&&", "||", "<<"),
)
NUMBER_SIGNS = ("", "-", "+", "±", "~", "$", ".")
PAUSES = ("", ".", ",", ";", "?", "…", "。", "؟", "।")
ANY = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(
            "".join([*LETTERS.values(), *MARKS.values(), *OPERATORS, *PAUSES]) + " '\"“”‘’()[]０１２"
        ),
    ),
    max_size=12,
)
"""Texts without any shape, lone surrogates among them."""


@st.composite
def words(draw: st.DrawFn) -> str:
    """A word of one script, with marks on its letters, and now and then an apostrophe or a hyphen inside."""
    script = draw(st.sampled_from(sorted(LETTERS)))
    letter = st.sampled_from(LETTERS[script])
    mark = st.sampled_from(["", "", *MARKS[script]])
    inner = st.sampled_from(["", "", "", "'", "-", "."])
    parts = draw(st.lists(st.tuples(letter, mark, inner), min_size=1, max_size=5))
    last = draw(letter)
    return "".join(map("".join, parts)) + last


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A number: signs, digits, separators, powers and fractions."""
    digits = st.from_regex(r"[0-9]{1,3}", fullmatch=True)
    parts = draw(st.lists(digits, min_size=1, max_size=3))
    between = draw(st.sampled_from([".", ",", "/", ":", "e", "e-", "-", "'", "\u00a0"]))
    return (
        draw(st.sampled_from(NUMBER_SIGNS))
        + between.join(parts)
        + draw(st.sampled_from(["", "²", "½", "%", "!"]))
    )


TOKENS = st.one_of(words(), numbers(), st.sampled_from(OPERATORS))


def meaning(tokens: Sequence[str]) -> tuple[str, ...]:
    """What a person takes the tokens for: letters whatever their case and coding, all else by its signs."""
    return tuple(_meaning(token) for token in tokens)


def _meaning(token: str) -> str:
    kept = "".join(
        c if unicodedata.decomposition(c).startswith(("<super>", "<fraction>")) else _plain(c) for c in token
    )
    return unicodedata.normalize("NFC", kept.casefold())


def _plain(character: str) -> str:
    return unicodedata.normalize("NFKC", character)


@st.composite
def written(draw: st.DrawFn, tokens: Sequence[str]) -> str:
    """The tokens as somebody writes them: coding, width, case, dashes, quotation marks, white space."""
    text = draw(st.sampled_from([" ", "  ", "\n", "\u3000"])).join(tokens) + draw(st.sampled_from(PAUSES))
    changes = draw(st.lists(st.sampled_from(_WRITINGS), max_size=3))
    return draw(st.sampled_from(["", " ", "\n"])) + reduce(lambda t, change: change(t), changes, text)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in text)


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _curly(text: str) -> str:
    return text.replace("'", "’")


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _upper(text: str) -> str:
    return text.upper() if text.upper().casefold() == text.casefold() else text


_WRITINGS = (_wide, _nfd, _nfc, _curly, _minus, _upper)
