"""Counts of right and wrong labels by class, and what is computed from them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
MOST_CONFUSION_LABELS = 20
"""With more labels the confusion matrix is left out, because nobody reads it."""


def class_counts(label: str, predicted: str | None, classes: Sequence[str]) -> Counts:
    """True positives, false positives and false negatives of one item, class after class."""
    counts = np.zeros((3, len(classes)), dtype=np.int64)
    if label == predicted:
        counts[0, classes.index(label)] = 1
    else:
        counts[2, classes.index(label)] = 1
        if predicted in classes:
            counts[1, classes.index(predicted)] = 1
    return counts.reshape(-1)


def macro_f1(counts: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Macro F1 of each row of summed counts: the mean over the classes that the references hold.

    A class that a suite asks for can be missing only in a resample.
    """
    hits, false_alarms, misses = counts.reshape(len(counts), 3, -1).transpose(1, 0, 2)
    support = hits + misses
    f1 = 2 * hits / np.maximum(support + hits + false_alarms, np.finfo(float).tiny)
    return np.asarray(np.mean(f1, axis=1, where=support > 0), dtype=np.float64)


def per_class(labels: Sequence[str], predicted: Sequence[str | None]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of every class that occurs in the references."""
    pairs, answers, supports = (
        Counter(zip(labels, predicted, strict=True)),
        Counter(predicted),
        Counter(labels),
    )
    report = {}
    for name, support in sorted(supports.items()):
        hits = pairs[name, name]
        report[name] = {
            "precision": hits / answers[name] if answers[name] else 0.0,
            "recall": hits / support,
            "f1": 2 * hits / (answers[name] + support),
            "support": support,
        }
    return report


def confusion(
    labels: Sequence[str], predicted: Sequence[str | None], allowed: Sequence[str]
) -> dict[str, Any] | None:
    """Rows are right labels, columns the labels found, the last column stands for none."""
    if len(allowed) > MOST_CONFUSION_LABELS:
        return None
    pairs = _pairs(labels, predicted)
    columns = (*allowed, None)
    return {"labels": list(allowed), "counts": [[pairs[row, col] for col in columns] for row in allowed]}


def _pairs(labels: Sequence[str], predicted: Sequence[str | None]) -> Counter[tuple[str, str | None]]:
    return Counter(zip(labels, predicted, strict=True))
