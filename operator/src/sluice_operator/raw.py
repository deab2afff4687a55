"""Reading JSON of unknown shape: each function gives a value of its type, never an exception.

Used where anybody may have written what we read. What a value means belongs to the callers.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

_NOTHING: Mapping[str, Any] = {}


def mapping(value: object, *path: str) -> Mapping[str, Any]:
    """The mapping at `path`, or an empty one."""
    found = _dig(value, path)
    return found if isinstance(found, Mapping) else _NOTHING


def text(value: object, *path: str) -> str:
    """The string at `path`, or an empty one."""
    found = _dig(value, path)
    return found if isinstance(found, str) else ""


def integer(value: object, *path: str) -> int:
    """The integer at `path`, or 0."""
    found = _dig(value, path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def items(value: object, *path: str) -> Iterator[Mapping[str, Any]]:
    """The mappings in the list at `path`."""
    found = _dig(value, path)
    return (
        (item for item in found if isinstance(item, Mapping)) if isinstance(found, list | tuple) else iter(())
    )


def texts(value: object, *path: str) -> list[str]:
    """A list without whatever is no text."""
    found = _dig(value, path)
    return [v for v in found if isinstance(v, str)] if isinstance(found, list) else []


def strings(value: object, *path: str) -> dict[str, str]:
    """The entries of the mapping at `path` whose key and value are strings."""
    return {k: v for k, v in mapping(value, *path).items() if isinstance(k, str) and isinstance(v, str)}


def time(value: object, *path: str) -> datetime | None:
    """The RFC 3339 time at `path`, or None."""
    try:
        found = datetime.fromisoformat(text(value, *path))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def condition(value: object, kind: str) -> Mapping[str, Any]:
    """The condition of that type in `status.conditions`, or an empty mapping."""
    found = items(value, "status", "conditions")
    return next((c for c in found if c.get("type") == kind), _NOTHING)


def holds(value: object, kind: str) -> bool:
    """Whether the condition of that type is true."""
    return condition(value, kind).get("status") == "True"


def _dig(value: object, path: tuple[str, ...]) -> object:
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value
