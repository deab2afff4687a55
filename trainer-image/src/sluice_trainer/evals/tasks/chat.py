"""Chat: does the reply equal the reference, and how many words do they share?"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sluice_api.metrics import EXACT_MATCH, NORMALIZED_MATCH, SQUAD_EM, SQUAD_F1
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.results import ItemResult
from sluice_trainer.evals.tasks.family import Family, mean_score
from sluice_trainer.forms import normalized_form, squad_form
from sluice_trainer.text import exact_form

_FORMS = {EXACT_MATCH.name: exact_form, NORMALIZED_MATCH.name: normalized_form, SQUAD_EM.name: squad_form}
"""A reply is right by each metric iff it has the form of the reference."""


def squad_f1(reply: str, reference: str) -> float:
    """Harmonic mean of precision and recall over words of SQuAD's form; empty equals only empty."""
    ours, theirs = squad_form(reply).split(), squad_form(reference).split()
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def score(row: Row, reply: str | None, labels: Sequence[str]) -> ItemResult:  # noqa: ARG001 - one signature
    """A call that failed is wrong, even where the reference is empty."""
    text = reply or ""
    scores = {name: float(form(text) == form(row.answer)) for name, form in _FORMS.items()}
    scores[SQUAD_F1.name] = squad_f1(text, row.answer)
    return ItemResult(
        id=row.id,
        group=row.group,
        reference=row.answer,
        prediction=text,
        scores=dict.fromkeys(scores, 0.0) if reply is None else scores,
        failed=reply is None,
    )


def summarise(results: Sequence[ItemResult], labels: Sequence[str]) -> dict[str, Any]:  # noqa: ARG001
    """The means of the scores."""
    return {"metrics": {metric.name: mean_score(results, metric) for metric in FAMILY.metrics}}


FAMILY = Family(metrics=(EXACT_MATCH, NORMALIZED_MATCH, SQUAD_EM, SQUAD_F1), score=score, summarise=summarise)
