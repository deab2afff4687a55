"""Stored evaluations, whichever version wrote them: what is missing has its old meaning.

Candidate and baseline are compared by one rule: results of another version are scored again from their
replies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sluice_trainer.evals.results import ItemResult, file_name, read_items
from sluice_trainer.evals.scoring import score_again
from sluice_trainer.evals.suites import Suite, settings
from sluice_trainer.evals.tasks import FAMILIES

VERSION: Final = 4
"""Of the rules that score a reply. Raise it with every change of a score."""
_BEFORE_VERSIONS: Final = 1
_UNSAID: Final[Mapping[str, Any]] = {"maxSamples": None, "seed": 0, "maxNewTokens": 32}
"""How a suite was asked where an evaluation does not say. A new setting gets a line here."""


@dataclass(frozen=True)
class Evaluation:
    """A folder of results with the details of its manifest."""

    folder: Path
    details: Mapping[str, Any]

    def holds(self, suite: str) -> bool:
        """Whether there are results of a suite."""
        return suite in self._suites() and (self.folder / file_name(suite)).is_file()

    def items(self, suite: Suite) -> tuple[ItemResult, ...]:
        """Results of every item, scored by today's rules."""
        found = read_items(self.folder / file_name(suite.name))
        if self._current:
            return found
        rows = {row.id: row for row in suite.rows}
        family, labels = FAMILIES[suite.details.task], suite.details.labels
        return tuple(
            score_again(item, rows[item.id], family, labels) if item.id in rows else item for item in found
        )

    def differs(self, suite: Suite) -> tuple[str, ...]:
        """Settings in which a suite was asked in another way than now."""
        said = self._suites().get(suite.name, {})
        asked = settings(suite.request)
        return tuple(name for name, value in asked.items() if said.get(name, _UNSAID.get(name)) != value)

    def metrics(self) -> dict[str, Any]:
        """Metrics of all suites as they were stored, for people; none by the rules of another version."""
        return {name: said.get("metrics", {}) for name, said in self._suites().items() if self._current}

    @property
    def _current(self) -> bool:
        return bool(self.details.get("version", _BEFORE_VERSIONS) == VERSION)

    def _suites(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.details.get("suites", {})
        return found
