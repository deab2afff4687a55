"""Rows of a training pack whose prompt stands in evaluation packs: counted per pack, dropped where asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sluice_api.contracts.requests import CheckedPack
from sluice_api.datasetpack import ContaminationAction
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.prompts import Item, Matches, PromptIndex
from sluice_trainer.data.rejected import RejectedRow
from sluice_trainer.data.rows import Row

CONTAMINATED: Final = "contaminated"
"""Dropped because the prompt stands in an evaluation pack: a rejection in the counts, no fault of the row."""
NEAR_CONTAMINATED: Final = "near_contaminated"
"""The same for a prompt in another spelling."""


@dataclass
class Shared:
    """Rows that one evaluation pack shares with the training pack."""

    action: ContaminationAction
    exact: int = 0
    near: int = 0

    @property
    def rows(self) -> int:
        """Of both forms."""
        return self.exact + self.near


@dataclass
class Against:
    """Evaluation packs that a training pack is compared with, and what it shares with each."""

    packs: dict[str, Shared] = field(default_factory=dict)
    """By name, in the order of the request."""
    _index: PromptIndex = field(default_factory=PromptIndex)

    def add(self, pack: CheckedPack, rows: Sequence[Row], preamble: str) -> None:
        """Take in an evaluation pack. `preamble` is what its task puts before the text."""
        self.packs[pack.name] = Shared(pack.action)
        for row in rows:
            self._index.add(Item(pack.name, row.id), row.prompt, preamble)

    def refuse(self, conversation: Sequence[ChatMessage], preamble: str) -> RejectedRow | None:
        """Count a training row, and say why it is dropped; None when it is not."""
        if not self.packs:
            return None
        exact, near = _packs(self._index.matches(conversation, preamble))
        for name in exact:
            self.packs[name].exact += 1
        for name in near:
            self.packs[name].near += 1
        return self._dropped(CONTAMINATED, exact) or self._dropped(NEAR_CONTAMINATED, near)

    def _dropped(self, code: str, found: Sequence[str]) -> RejectedRow | None:
        names = [name for name in found if self.packs[name].action == "Drop"]
        return RejectedRow(code, f"its prompt stands in DatasetPack {names[0]}") if names else None


def _packs(matches: Matches) -> tuple[list[str], list[str]]:
    """Names of packs with an exact match, and of those with a near one alone."""
    exact = {item.pack for item in matches.exact}
    return sorted(exact), sorted({item.pack for item in matches.near} - exact)
