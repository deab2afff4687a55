"""Whether an object still says what we wrote; the API server adds defaults, so equality asks too much."""

from collections.abc import Mapping, Sequence
from typing import Any


def is_subset(wanted: Any, found: Any) -> bool:
    """Whether all of `wanted` stands in `found`. Lists must have equal length; empty equals absent."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return not wanted and found is None
        return all(is_subset(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        if not wanted and found is None:
            return True
        if not isinstance(found, Sequence) or isinstance(found, str) or len(found) != len(wanted):
            return False
        return all(is_subset(a, b) for a, b in zip(wanted, found, strict=True))
    return bool(wanted == found)
