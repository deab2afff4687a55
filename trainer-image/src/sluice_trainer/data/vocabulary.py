"""The labels of a pack: those of the request, or all that its rows have."""

from collections.abc import Iterable

from sluice_api import reasons
from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import MOST_LABELS, MOST_LETTERS_OF_LABELS, Classification
from sluice_api.errors import InputWrong
from sluice_trainer.data.rejected import found

_FEWEST = 2
_SHOWN = 3


def freeze_labels(request: PackRequest, labels_of_rows: Iterable[str]) -> PackRequest:
    """The request with its labels. The rows are read only when it is they that say what labels there are.

    Raises InputWrong(LABELS_UNUSABLE) when the rows have too few or too many.
    """
    classification = request.classification
    if classification is None or classification.labels_from is None:
        return request
    labels = _collect(labels_of_rows)
    if labels and len(labels) < _FEWEST:
        raise _unusable(f"all rows have the label {found(labels[0])}; a classification needs two labels")
    frozen = classification.model_copy(update={"labels": tuple(sorted(labels))})
    return request.model_copy(update={"classification": frozen})


def check_listed(classification: Classification) -> None:
    """Raise InputWrong(LABELS_UNUSABLE) unless the labels of the request are different and at least two."""
    labels = classification.labels
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise _unusable(f"classification.labels has {found(twice[0])} twice; give each label once")
    if len(labels) == 1:
        raise _unusable(f"classification.labels has only {found(labels[0])}; give two labels or more")


def _collect(labels_of_rows: Iterable[str]) -> list[str]:
    """Different labels, in the order of the rows."""
    labels: dict[str, None] = {}
    letters = 0
    for label in labels_of_rows:
        if label in labels:
            continue
        labels[label] = None
        letters += len(label)
        if len(labels) > MOST_LABELS or letters > MOST_LETTERS_OF_LABELS:
            shown = ", ".join(found(one) for one in list(labels)[:_SHOWN])
            raise _unusable(
                f"labelsFrom is Rows, and the rows have more than {MOST_LABELS} labels or "
                f"{MOST_LETTERS_OF_LABELS} characters of labels, such as {shown}; is it the right column?"
            )
    return list(labels)


def _unusable(message: str) -> InputWrong:
    return InputWrong(reasons.LABELS_UNUSABLE, message)
