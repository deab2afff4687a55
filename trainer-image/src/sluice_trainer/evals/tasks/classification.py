"""Classification: which allowed label does the reply name?"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sluice_api.metrics import ACCURACY, MACRO_F1, UNPARSEABLE_RATE
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.confusion import class_counts, confusion, macro_f1, per_class
from sluice_trainer.evals.labels.finder import find_label
from sluice_trainer.evals.results import ItemResult
from sluice_trainer.evals.tasks.family import Family, mean_score


def score(row: Row, reply: str | None, labels: Sequence[str]) -> ItemResult:
    """Right iff the label that is found is the reference; no label is wrong."""
    predicted = None if reply is None else find_label(reply, labels)
    return ItemResult(
        id=row.id,
        group=row.group,
        reference=row.answer,
        prediction=reply or "",
        scores={
            ACCURACY.name: float(predicted == row.answer),
            UNPARSEABLE_RATE.name: float(predicted is None),
        },
        label=row.answer,
        predicted_label=predicted,
        failed=reply is None,
    )


def summarise(results: Sequence[ItemResult], labels: Sequence[str]) -> dict[str, Any]:
    """Metrics, figures of every class, and the confusion matrix when it is small enough to read."""
    right = [result.label or "" for result in results]
    predicted = [result.predicted_label for result in results]
    classes = sorted(set(right))
    counts = sum(class_counts(r, p, classes) for r, p in zip(right, predicted, strict=True))
    return {
        "metrics": {
            ACCURACY.name: mean_score(results, ACCURACY),
            MACRO_F1.name: float(macro_f1(np.atleast_2d(counts))[0]),
            UNPARSEABLE_RATE.name: mean_score(results, UNPARSEABLE_RATE),
        },
        "perClass": per_class(right, predicted),
        "confusion": confusion(right, predicted, labels),
    }


FAMILY = Family(metrics=(ACCURACY, MACRO_F1, UNPARSEABLE_RATE), score=score, summarise=summarise)
