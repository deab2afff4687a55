"""Rows read, accepted and rejected by code: every row and every line is counted exactly once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sluice_api.datasetpack import Rejection, RowCounts
from sluice_trainer.data.against import CONTAMINATED, NEAR_CONTAMINATED

DUPLICATE = "duplicate"
"""Dropped by de-duplication: a rejection in the counts, but no fault of the row."""
_NO_FAULT: Final = (DUPLICATE, CONTAMINATED, NEAR_CONTAMINATED)
OTHER = "other"
"""All codes that a short list has no room for."""
FIRST: Final = 10
"""How many rejected rows of each code are named."""
_MOST_LINES: Final = 48
"""Most characters of the lines that a rejection names."""


@dataclass(frozen=True)
class RejectedAt:
    """A rejected row and where it is."""

    source: str
    line: int
    detail: str = ""


@dataclass
class Tally:
    """Counts while rows pass."""

    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[RejectedAt]] = field(default_factory=dict)
    """The first rejected rows of each code."""

    def reject(self, code: str, where: RejectedAt) -> None:
        """Count a row that is left out."""
        self.rejected[code] += 1
        first = self.first.setdefault(code, [])
        if len(first) < FIRST:
            first.append(where)

    @property
    def counts(self) -> RowCounts:
        """The sums."""
        rejected = self.rejected.total()
        return RowCounts(read=self.accepted + rejected, accepted=self.accepted, rejected=rejected)

    @property
    def faulty(self) -> int:
        """Rejected rows, without those that were dropped through no fault of their own."""
        return self.rejected.total() - sum(self.rejected[code] for code in _NO_FAULT)

    def ranked(self, most: int | None = None) -> list[tuple[str, int]]:
        """Counts by code, the largest first. With `most`, the rest is summed up as `other`."""
        ranked = sorted(
            ((code, n) for code, n in self.rejected.items() if n), key=lambda item: (-item[1], item[0])
        )
        if most is not None and len(ranked) > most:
            ranked = [*ranked[: most - 1], (OTHER, sum(n for _, n in ranked[most - 1 :]))]
        return ranked

    def rejections(self, most: int) -> tuple[Rejection, ...]:
        """At most so many rejections, each with the lines of its first rows."""
        return tuple(
            Rejection(
                reason=code,
                count=n,
                lines=lines_text([(row.source, row.line) for row in self.first.get(code, ())]),
            )
            for code, n in self.ranked(most)
        )


def lines_text(places: Sequence[tuple[str, int]]) -> str | None:
    """The first places as `source:line,line`, as many as there is room for."""
    told, source = "", ""
    for name, line in places:
        more = f",{line}" if name == source else f"{' ' if told else ''}{name}:{line}"
        if len(told) + len(more) > _MOST_LINES:
            break
        told, source = told + more, name
    return told or None


@dataclass
class LineCounts:
    """Physical lines of a source by what became of them."""

    accepted: int = 0
    rejected: int = 0
    blank: int = 0
    header: int = 0

    @property
    def total(self) -> int:
        """All lines of the file."""
        return self.accepted + self.rejected + self.blank + self.header
