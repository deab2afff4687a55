"""Equal prompts with different answers: a model gives one of them, so other rows are wrong for every model.

Answers that think aloud are compared without it, as they are scored.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sluice_api.datasetpack import ContradictionCount
from sluice_api.hashing import canonical_json
from sluice_trainer.chat.reasoning import split_reasoning
from sluice_trainer.data.counting import lines_text
from sluice_trainer.data.rows import Row
from sluice_trainer.forms import normalized_form, squad_form
from sluice_trainer.text import exact_form

_FORMS: Final[tuple[Callable[[str], str], ...]] = (exact_form, normalized_form, squad_form)
"""What a metric takes for the same answer; the first is the strictest."""
_MOST_NAMED: Final = 10
Answers = tuple[int, ...]
"""Hash of an answer in each form."""


@dataclass(frozen=True)
class Contradiction:
    """A row, and an earlier one with the same prompt and another answer."""

    source: str
    line: int
    earlier_source: str
    earlier_line: int


@dataclass(frozen=True)
class _First:
    """The first row with a prompt: nearly all prompts have no other."""

    answers: Answers
    source: str
    line: int


class Contradictions:
    """Counts them while rows pass."""

    def __init__(self) -> None:
        self.first: list[Contradiction] = []
        self._seen: dict[bytes, _First] = {}
        self._repeated: dict[bytes, list[Answers]] = {}

    def add(self, row: Row) -> None:
        """Take the next row of the pack."""
        prompt = hashlib.sha256(canonical_json(list(row.prompt))).digest()[:16]
        answer = split_reasoning(row.answer).answer
        answers = tuple(hash(form(answer)) for form in _FORMS)
        earlier = self._seen.get(prompt)
        if earlier is None:
            self._seen[prompt] = _First(answers, row.source, row.line)
            return
        self._repeated.setdefault(prompt, [earlier.answers]).append(answers)
        if answers[0] != earlier.answers[0] and len(self.first) < _MOST_NAMED:
            self.first.append(Contradiction(row.source, row.line, earlier.source, earlier.line))

    def count(self) -> ContradictionCount | None:
        """How many rows no model can have right; None when every one can be."""
        lost = [self._lost(form) for form in range(len(_FORMS))]
        if not lost[0]:
            return None
        lines = lines_text([(found.source, found.line) for found in self.first])
        return ContradictionCount(rows=lost[0], in_any_form=min(lost), lines=lines)

    def _lost(self, form: int) -> int:
        """Rows that are wrong when each prompt gets its most frequent answer."""
        groups = self._repeated.values()
        return sum(len(group) - max(Counter(a[form] for a in group).values()) for group in groups)
