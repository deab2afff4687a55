"""The labels of a pack: those of the request, or all that its rows have."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sluice_api import reasons
from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import MOST_LABELS, MOST_LETTERS_OF_LABELS, Classification
from sluice_api.errors import InputWrong
from sluice_trainer.data.rejected import found
from sluice_trainer.text import caseless, single_spaced

_FEWEST = 2
_SHOWN = 3
_MISSING = frozenset({"nan", "NaN", "NAN", "null", "NULL", "None", "NaT", "<NA>", "undefined"})
"""How pandas, JSON, Python and databases write that there is no value. `none` may be a label."""


def freeze_labels(request: PackRequest, labels_of_rows: Iterable[str]) -> tuple[PackRequest, str | None]:
    """The request with its labels. The rows are read only when it is they that say what labels there are.

    Also why the labels are unusable. Told after the rows are counted, since damaged rows may be the cause.
    """
    classification = request.classification
    if classification is None or classification.labels_from is None:
        return request, None
    labels = tuple(islice(_different(labels_of_rows), MOST_LABELS + 1))
    if (fault := _fault(labels)) is not None:
        return request, fault
    frozen = classification.model_copy(update={"labels": tuple(sorted(labels))})
    return request.model_copy(update={"classification": frozen}), None


def check_listed(classification: Classification) -> None:
    """Raise InputWrong(LABELS_UNUSABLE) unless the labels of the request are different and at least two."""
    labels = classification.labels
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise _unusable(f"classification.labels has {found(twice[0])} twice; give each label once")
    if len(labels) == 1:
        raise _unusable(f"classification.labels has only {found(labels[0])}; give two labels or more")


def _different(labels_of_rows: Iterable[str]) -> Iterator[str]:
    """Different labels, in the order of the rows, until they have more characters than are allowed."""
    seen: set[str] = set()
    letters = 0
    for label in labels_of_rows:
        if label not in seen:
            yield label
            seen.add(label)
            letters += len(label)
            if letters > MOST_LETTERS_OF_LABELS:
                return


def _fault(labels: Sequence[str]) -> str | None:
    """Why the different labels of the rows are unusable."""
    if labels and len(labels) < _FEWEST:
        return f"all rows have the label {found(labels[0])}; a classification needs two labels"
    if (odd := _odd(labels)) is not None:
        return f"labelsFrom is Rows, and {odd}"
    if len(labels) <= MOST_LABELS and sum(map(len, labels)) <= MOST_LETTERS_OF_LABELS:
        return None
    shown = ", ".join(found(one) for one in labels[:_SHOWN])
    return (
        f"labelsFrom is Rows, and the rows have more than {MOST_LABELS} labels or "
        f"{MOST_LETTERS_OF_LABELS} characters of labels, such as {shown}; is it the right column?"
    )


def _odd(labels: Sequence[str]) -> str | None:
    """Labels that are most likely none of their own: a missing value, or another spelling."""
    missing = next((label for label in labels if label.strip() in _MISSING), None)
    if missing is not None:
        return f"a label of the rows is {found(missing)}, as missing values are written"
    plain: dict[str, str] = {}
    for label in labels:
        first = plain.setdefault(caseless(single_spaced(label)), label)
        if first != label:
            return f"the labels {found(first)} and {found(label)} differ in case or spaces only"
    return None


def _unusable(message: str) -> InputWrong:
    return InputWrong(reasons.LABELS_UNUSABLE, message)
