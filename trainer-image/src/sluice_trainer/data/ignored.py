"""Keys of rows that nothing was taken from, and how many accepted rows have each."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sluice_api.contracts.bytecount import clip
from sluice_api.datasetpack import IgnoredKey
from sluice_api.text import visible

MOST_KEYS: Final = 1000
"""Different keys that are counted one by one; more mean that keys are data."""
OTHER_KEYS: Final = "(other keys)"
_MOST_BYTES: Final = 24


@dataclass
class IgnoredKeys:
    """Counts while rows pass."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, keys: Iterable[str]) -> None:
        """Count the ignored keys of one row."""
        for key in keys:
            known = key in self.counts or len(self.counts) < MOST_KEYS
            self.counts[key if known else OTHER_KEYS] += 1

    def ranked(self) -> dict[str, int]:
        """Rows by key, the most frequent first, with visible control characters."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return {visible(key): rows for key, rows in ranked}

    def top(self, most: int) -> tuple[IgnoredKey, ...]:
        """The most frequent ones, cut to what a report has room for."""
        ranked = list(self.ranked().items())[:most]
        return tuple(IgnoredKey(key=clip(key, _MOST_BYTES) or "(empty)", rows=rows) for key, rows in ranked)
