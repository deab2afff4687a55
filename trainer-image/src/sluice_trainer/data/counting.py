"""Rows read, accepted and rejected by code: every row is counted exactly once."""

from collections import Counter
from dataclasses import dataclass, field

from sluice_api.datasetpack import Rejection, RowCounts

DUPLICATE = "duplicate"
"""Dropped by de-duplication: a rejection in the counts, but no fault of the row."""
OTHER = "other"
"""All codes that a short list has no room for."""


@dataclass
class Tally:
    """Counts while rows pass."""

    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def reject(self, code: str) -> None:
        """Count a row that is left out."""
        self.rejected[code] += 1

    @property
    def counts(self) -> RowCounts:
        """The sums."""
        rejected = self.rejected.total()
        return RowCounts(read=self.accepted + rejected, accepted=self.accepted, rejected=rejected)

    @property
    def faulty(self) -> int:
        """Rejected rows, without dropped duplicates."""
        return self.rejected.total() - self.rejected[DUPLICATE]

    def rejections(self, most: int | None = None) -> tuple[Rejection, ...]:
        """Counts by code, the largest first. With `most`, the rest is summed up as `other`."""
        ranked = sorted(
            ((code, n) for code, n in self.rejected.items() if n), key=lambda item: (-item[1], item[0])
        )
        if most is not None and len(ranked) > most:
            ranked = [*ranked[: most - 1], (OTHER, sum(n for _, n in ranked[most - 1 :]))]
        return tuple(Rejection(reason=code, count=n) for code, n in ranked)
