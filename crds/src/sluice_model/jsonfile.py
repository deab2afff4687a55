"""Reads JSON that nobody vouches for: bounded, each key once, every number finite."""

import json
import math
from collections import Counter
from typing import Any, Final

from sluice_model.errors import Unsupported

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_VALUES: Final = 6_000_000
"""A tokenizer with 260,000 tokens and 520,000 merges has about two million."""
DEEPEST: Final = 64


def parse_object(data: bytes, where: str) -> dict[str, Any]:
    """The JSON object of a file. Raises Unsupported."""
    values = sum(map(data.count, (b",", b"[", b"{")))
    if values > MOST_VALUES:
        raise Unsupported(f"{where} holds about {values} values; at most {MOST_VALUES} are read")
    try:
        text = data.decode("utf-8")
        found = json.loads(
            text, object_pairs_hook=_distinct, parse_constant=_no_constant, parse_float=_finite
        )
        _check_depth(found)
        if b"\\ud" in data or b"\\uD" in data:  # half of a character may be written so
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise Unsupported(f"{where} is nested more than {DEEPEST} deep") from None
    except UnicodeError as error:
        raise Unsupported(f"{where} is not valid UTF-8: {error}") from error
    except ValueError as error:
        raise Unsupported(f"{where} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise Unsupported(f"{where} holds a JSON {type(found).__name__}; it must hold an object")
    return found


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name in found if counts[name] > 1)
        raise ValueError(f"duplicate key {twice[:80]!r}")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _check_depth(value: Any) -> None:
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        if depth > DEEPEST:
            raise RecursionError
        inner: list[Any] = []
        for item in level:
            children = item.values() if isinstance(item, dict) else item
            inner += [child for child in children if isinstance(child, dict | list)]
        level, depth = inner, depth + 1
