"""Characters that must not reach a terminal or a log as they are: which they are, and how to show them."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_RANGES: Final = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0x061C, 0x061C),
    (0x200E, 0x200F),
    (0x2028, 0x202E),
    (0x2066, 0x2069),
)
"""C0, DEL and C1; marks, embeddings, overrides and isolates of text direction; line separators."""

CONTROLS: Final = "".join(
    rf"\x{{{low:04x}}}" if low == high else rf"\x{{{low:04x}}}-\x{{{high:04x}}}" for low, high in _RANGES
)
"""The characters as part of a class in a pattern, in the form that Rust (pydantic) and Go know."""

_CONTROL: Final = re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in _RANGES) + "]")


_REPLACEMENT: Final = "\ufffd"


def has_controls(text: str) -> bool:
    """Whether a text holds a control character: C0, C1, or one that changes the direction of text."""
    return _CONTROL.search(text) is not None


def visible(text: str) -> str:
    r"""The text with its control characters written as `\u009b`."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def printable(text: str) -> str:
    """Text as a terminal may show it: with visible control characters, save for ends of lines and tabs."""
    return re.sub(r"[^\n\t]+", lambda part: visible(part.group()), text)


def harmless(value: Any) -> Any:
    """Plain data, each text of which is one line without control characters and as long as it was.

    For what has bounds and is shown by tools of others: conditions, Events, reports.
    """
    if isinstance(value, str):
        return _CONTROL.sub(_REPLACEMENT, re.sub(r"[\t\n\r]", " ", value))
    if isinstance(value, Mapping):
        return {harmless(key): harmless(item) for key, item in value.items()}
    return [harmless(item) for item in value] if isinstance(value, list | tuple) else value


def quoted(text: str, limit: int) -> str:
    """The text in quotation marks, cut to `limit` characters, with visible control characters."""
    short = text if len(text) <= limit else text[: limit - 3] + "..."
    return visible(json.dumps(short, ensure_ascii=False))
