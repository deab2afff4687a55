"""What a value of a configuration may be. Each rule is a sentence and a test."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sluice_model.errors import Unsupported

LARGEST: Final = 2**24
MOST_ENTRIES: Final = 4096


@dataclass(frozen=True)
class Rule:
    """What is allowed, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class Cleaned:
    """A document with known keys only."""

    kept: dict[str, Any]
    ignored: tuple[str, ...]
    """Keys that no code of ours or of a library will see."""


def clean(document: Mapping[str, Any], table: Mapping[str, Rule], where: str) -> Cleaned:
    """Keep the keys of the table. Raises Unsupported for a value that breaks its rule; null breaks none."""
    kept = {key: value for key, value in document.items() if key in table}
    for key, value in kept.items():
        if value is not None and not table[key].holds(value):
            raise Unsupported(f"{where}: {key} is {_shown(value)}; it must be {table[key].words}")
    return Cleaned(kept, tuple(sorted(document.keys() - kept.keys())))


def _shown(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= 80 else f"{told[:80]}..."


def whole(low: int, high: int = LARGEST) -> Rule:
    """A whole number."""
    return Rule(f"a whole number from {low} to {high}", lambda v: type(v) is int and low <= v <= high)


def number(low: float, high: float) -> Rule:
    """A number; the lower bound itself is too low."""
    return Rule(f"a number above {low:g}, at most {high:g}", lambda v: is_number(v) and low < v <= high)


def is_number(value: Any) -> bool:
    """Whether it is a finite number and no truth value."""
    return type(value) in {int, float} and abs(value) < 10**300 and math.isfinite(value)


def several(one: Rule) -> Rule:
    """A list in which each entry obeys a rule."""
    return Rule(
        f"a list of at most {MOST_ENTRIES} entries, each {one.words}",
        lambda v: isinstance(v, list) and len(v) <= MOST_ENTRIES and all(map(one.holds, v)),
    )


def either(first: Rule, second: Rule) -> Rule:
    """One of two."""
    return Rule(f"{first.words}, or {second.words}", lambda v: first.holds(v) or second.holds(v))


def one_of(*allowed: str) -> Rule:
    """One of some texts."""
    return Rule(f"one of {', '.join(allowed)}", lambda v: isinstance(v, str) and v in allowed)


def mapping(table: Mapping[str, Rule]) -> Rule:
    """An object whose keys are all known."""
    return Rule(
        f"an object with keys of {', '.join(sorted(table))}, each in its range",
        lambda v: isinstance(v, dict) and all(k in table and table[k].holds(x) for k, x in v.items()),
    )


FLAG: Final = Rule("true or false", lambda v: isinstance(v, bool))
TEXT: Final = Rule("a text of at most 200 letters", lambda v: isinstance(v, str) and len(v) <= 200)
SHARE: Final = Rule("a number from 0 to below 1", lambda v: is_number(v) and 0 <= v < 1)
TOKEN_ID: Final = whole(0, 2**31 - 1)
TOKEN_IDS: Final = either(TOKEN_ID, several(TOKEN_ID))
