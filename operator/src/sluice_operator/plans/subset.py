"""Whether an object still says what we wrote; the API server adds defaults, so equality asks too much."""

from typing import Any


def is_subset(wanted: Any, found: Any) -> bool:
    """Whether all of `wanted` stands in `found`. Lists must have equal length; empty equals absent."""
    if wanted == found:
        return True
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return not wanted and found is None
        return all(is_subset(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, (list, tuple)):
        if not isinstance(found, (list, tuple)):
            return not wanted and found is None
        return len(found) == len(wanted) and all(map(is_subset, wanted, found))
    return False
