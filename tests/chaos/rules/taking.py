"""How a rule is taken out of the planner: something else in the place of a function, a constant or a row."""

from collections.abc import Callable
from typing import Any

from sluice_operator.plans.promotion import (
    rows,
)

MonkeyPatch = Any
Remove = Callable[[MonkeyPatch], None]
Rule = tuple[str, str, Remove]


def put(place: Any, name: str, value: Any) -> Remove:
    """Another function or constant in the place of one."""
    getattr(place, name)
    return lambda patch: patch.setattr(place, name, value)


def both(*removes: Remove) -> Remove:
    """Several, for what is looked up in several modules."""

    def remove(patch: MonkeyPatch) -> None:
        for one in removes:
            one(patch)

    return remove


def drop(table: str, row: str) -> Remove:
    """The table without one row."""
    kept = tuple(r for r in getattr(rows, table) if r.__name__ != row)
    if len(kept) + 1 != len(getattr(rows, table)):
        raise ValueError(f"{table} has no {row}")
    return put(rows, table, kept)


def never(*_: Any, **__: Any) -> None:
    """Nothing."""


def no(*_: Any, **__: Any) -> bool:
    """False."""
    return False


def yes(*_: Any, **__: Any) -> bool:
    """True."""
    return True
