"""The worst slice of a suite as one estimate: bounds that hold for all slices together.

Asked is whether any slice is proven to miss the threshold, so the error rate is shared among the slices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sluice_trainer.evals.intervals import Estimate

MOST_SLICES: Final = 100
"""Most slices that are judged: shared among more, the error rate is finer than 10,000 draws tell."""
_MOST_NAMED: Final = 10


@dataclass(frozen=True)
class WorstSlice:
    """Estimates of slices, read as their worst."""

    slices: Mapping[str, Estimate]
    """Slices with enough items; at least one."""
    ignored: Mapping[str, int]
    """Items of the slices that have too few."""
    at_least: bool
    """Whether the worst is the lowest, or the highest."""

    @property
    def name(self) -> str:
        """The slice whose point estimate is worst."""
        sign = 1 if self.at_least else -1
        return min(self.slices, key=lambda name: (sign * self.slices[name].value, name))

    @property
    def value(self) -> float:
        """Of the worst slice."""
        return self.slices[self.name].value

    @property
    def units(self) -> int:
        """Of the worst slice."""
        return self.slices[self.name].units

    @property
    def variance(self) -> float:
        """Of the worst slice."""
        return self.slices[self.name].variance

    def lower(self, confidence: float) -> float:
        """Lower bound of the worst slice, whichever that is."""
        return self._worst([e.lower(self._shared(confidence)) for e in self.slices.values()])

    def upper(self, confidence: float) -> float:
        """Upper bound of the worst slice, whichever that is."""
        return self._worst([e.upper(self._shared(confidence)) for e in self.slices.values()])

    def _worst(self, bounds: list[float]) -> float:
        return min(bounds) if self.at_least else max(bounds)

    def _shared(self, confidence: float) -> float:
        return 1 - (1 - confidence) / len(self.slices) if confidence else 0.0

    @property
    def words(self) -> str:
        """Which slice it is, and which were left out."""
        text = f"the worst of {len(self.slices)} slices is {self.name}"
        if self.ignored:
            text += f"; too few items to look at: {_listed(self.ignored)}"
        return text


def _listed(ignored: Mapping[str, int]) -> str:
    names = [f"{name} ({items})" for name, items in sorted(ignored.items())]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
