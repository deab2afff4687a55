"""One series of a metric about an object, and readings that several kinds share."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sluice_operator import raw
from sluice_operator.metrics import Family

Status = Mapping[str, Any]


@dataclass(frozen=True)
class Series:
    """A value with the labels that come after namespace and name."""

    family: Family
    value: float
    labels: tuple[str, ...] = ()


def flag(family: Family, holds: bool) -> Series:
    """1 when it holds, else 0."""
    return Series(family, float(holds))


def at(family: Family, when: datetime | None, *labels: str) -> Iterator[Series]:
    """The time, when there is one."""
    if when is not None:
        yield Series(family, when.timestamp(), labels)


def one_of(family: Family, words: Iterable[str], found: str) -> Iterator[Series]:
    """1 for the word that was found, 0 for the others."""
    return (Series(family, float(word == found), (word,)) for word in words)


def decimal(family: Family, status: Status, name: str) -> Iterator[Series]:
    """A decimal that a status tells as a string, when it does."""
    with contextlib.suppress(ValueError):
        yield Series(family, float(raw.text(status, name)))


def condition(status: Status, kind: str) -> Mapping[str, Any]:
    """The condition of that type in a status, or an empty mapping."""
    return raw.condition({"status": status}, kind)
