"""Proves an audit chain from the copies that are kept of it: finds a gap, an edit, a fork and a cut tail.

Pure, and the same for operator, ledger stage and plugin. What cannot be seen from the copies alone, such as
the newest link, is only as good as the hashes that the caller vouches for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from sluice_api.audit import AuditRecord
from sluice_api.contracts.reports import Finding

Place = Literal["archive", "cluster"]
Kind = Literal["Gap", "Edit", "Fork", "CutTail"]


@dataclass(frozen=True)
class Copy:
    """One link, where it is kept."""

    sequence: int
    """Number in its name."""
    digest: str
    """Hash of what is there."""
    record: AuditRecord | None
    """None: it cannot be read as a link."""


@dataclass(frozen=True)
class Kept:
    """The copies in one place, and which links must be among them."""

    where: Place
    copies: tuple[Copy, ...]
    first: int = 1
    """Number from which on nothing may be missing."""
    last: int = 0
    """Number up to which nothing may be missing."""


def check(chain: str, places: Iterable[Kept], known: Mapping[int, str]) -> tuple[Finding, ...]:
    """Everything that is wrong, oldest link first. `known` are hashes that somebody else vouches for."""
    kept = tuple(places)
    found = [*_missing(kept), *_Proof(chain, kept, known).findings()]
    return tuple(sorted(found, key=lambda f: (f.sequence, f.where, f.kind)))


def finding(kind: Kind, where: Place, sequence: int, message: str) -> Finding:
    """A finding about one place."""
    return Finding(kind=kind, where=where, sequence=sequence, message=message)


def _missing(places: tuple[Kept, ...]) -> Iterator[Finding]:
    for place in places:
        there = {c.sequence for c in place.copies}
        newest = max(there, default=0)
        begin = min([place.first, *there])
        absent = [n for n in range(begin, max(newest, place.last) + 1) if n not in there]
        for _, run in groupby(enumerate(absent), key=lambda pair: pair[1] - pair[0]):
            numbers = [number for _, number in run]
            kind: Kind = "CutTail" if numbers[0] > newest else "Gap"
            yield finding(kind, place.where, numbers[0], f"{_range(numbers)} missing")


def _range(numbers: list[int]) -> str:
    first, last = numbers[0], numbers[-1]
    return f"link {first} is" if first == last else f"links {first} to {last} are"


class _Proof:
    """Walks from the newest link to the oldest: each proven link vouches for the one before it."""

    def __init__(self, chain: str, places: tuple[Kept, ...], known: Mapping[int, str]) -> None:
        self._chain = chain
        self._known = known
        self._copies: dict[int, list[tuple[Place, Copy]]] = {}
        for place in places:
            for copy in place.copies:
                self._copies.setdefault(copy.sequence, []).append((place.where, copy))

    def findings(self) -> Iterator[Finding]:
        """Links that are not what their successors, or those who vouch, say."""
        vouched: str | None = None
        follower = 0
        for number in sorted(self._copies, reverse=True):
            by_link = vouched if follower == number + 1 else None
            whole, broken = self._whole(number)
            yield from broken
            good, wrong = self._judge(number, whole, self._known.get(number) or by_link)
            yield from wrong
            records = [c.record for c in good if c.record is not None]
            vouched = records[0].previous_hash if records else None
            follower = number

    def _whole(self, number: int) -> tuple[list[tuple[Place, Copy]], list[Finding]]:
        """Copies that can be read and are in their place, and findings about the others."""
        whole: list[tuple[Place, Copy]] = []
        broken: list[Finding] = []
        for where, copy in self._copies[number]:
            record = copy.record
            if record is None:
                broken.append(finding("Edit", where, number, f"link {number} cannot be read"))
            elif record.sequence != number:
                told = f"link {number} says that it is link {record.sequence}"
                broken.append(finding("Edit", where, number, told))
            elif record.chain != self._chain:
                told = f"link {number} is of chain {record.chain}"
                broken.append(finding("Fork", where, number, told))
            else:
                whole.append((where, copy))
        return whole, broken

    def _judge(
        self, number: int, copies: list[tuple[Place, Copy]], expected: str | None
    ) -> tuple[list[Copy], list[Finding]]:
        """The copies that may vouch, and findings about those that may not."""
        if expected is not None:
            told = f"link {number} was changed: its hash is {{}}, {_short(expected)} was expected"
            wrong = [
                finding("Edit", where, number, told.format(_short(c.digest)))
                for where, c in copies
                if c.digest != expected
            ]
            return [c for _, c in copies if c.digest == expected], wrong
        torn = [(where, c) for where, c in copies if not self._follows(c)]
        fitting = [c for where, c in copies if (where, c) not in torn]
        found = [
            finding("Edit", where, number, f"link {number} does not follow link {number - 1}")
            for where, _ in torn
        ]
        if len({c.digest for c in fitting}) > 1:
            told = f"two different links {number} follow link {number - 1}"
            return [], [*found, finding("Fork", "cluster", number, told)]
        return fitting, found

    def _follows(self, copy: Copy) -> bool:
        """Whether the copy cites the link before it, as far as that one is kept."""
        if copy.record is None:
            return False
        cited = copy.record.previous_hash
        if copy.sequence == 1:
            return cited is None
        before = {c.digest for _, c in self._copies.get(copy.sequence - 1, [])}
        return not before or cited in before


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
