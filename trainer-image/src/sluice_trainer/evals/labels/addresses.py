"""URLs, e-mail addresses, handles, paths and file names: a label inside of one is no answer."""

import re
from collections.abc import Iterator
from typing import Final

_PARTS: Final = re.compile(
    r"[A-Za-z]{2,10}://[^\s\"<>]+|www\.[^\s\"<>]+|(?<!\w)[A-Za-z]:\\[^\s\"<>]+"
    r"|[^\s\"'<>()\[\]{},;:|`*]+"
)
"""Addresses with their schemes, and what is between white space and punctuation."""
_SCHEME: Final = re.compile(r"[A-Za-z]{2,10}://|www\.|[A-Za-z]:\\")
_HANDLE: Final = re.compile(r"[\w.+-]*@\w|#[^\W\d]")
_FILE: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]\w+")
_PATH: Final = re.compile(r"(?:[\\/]+|[\w.~-]+[\\/])[\w.~-]+(?:[\\/]+[\w.~-]+)*[\\/]?")
_PAUSES: Final = ".!?…。"


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every address in a text, in order, without pauses behind it."""
    for part in _PARTS.finditer(text):
        bare = part[0].rstrip(_PAUSES)
        if _is_address(bare):
            yield part.start(), part.start() + len(bare)


def _is_address(part: str) -> bool:
    return bool(_SCHEME.match(part) or _HANDLE.match(part) or _FILE.fullmatch(part) or _PATH.fullmatch(part))
