"""Labels that the rows say themselves: what is most likely no label of its own is refused."""

import pytest

from sluice_api.contracts.requests import PackRequest
from sluice_trainer.data.vocabulary import freeze_labels

SOURCE = {"name": "rows", "locator": "s3://bucket/rows.jsonl", "mapper": "LabelToClassification"}
REQUEST = PackRequest.parse(
    {"task": "Classification", "purpose": "Train", "sources": [SOURCE]}
    | {"classification": {"labelsFrom": "Rows", "instruction": "Pick."}}
)


@pytest.mark.parametrize("missing", ["nan", "NaN", "null", "None", " null ", "<NA>"])
def test_a_missing_value_is_no_label(missing: str) -> None:
    fault = freeze_labels(REQUEST, ["red", "blue", missing])[1]
    assert fault is not None
    assert "as missing values are written" in fault


@pytest.mark.parametrize(
    ("one", "other"), [("Red", "red"), ("red", "red "), ("light red", "light  red"), ("\uff32ed", "Red")]
)
def test_labels_that_differ_in_case_or_spaces_only_are_refused(one: str, other: str) -> None:
    fault = freeze_labels(REQUEST, [one, "blue", other])[1]
    assert fault is not None
    assert "differ in case or spaces only" in fault


def test_other_labels_are_taken() -> None:
    frozen, fault = freeze_labels(REQUEST, ["none", "null hypothesis", "Non", "none"])
    assert fault is None
    assert frozen.classification is not None
    assert frozen.classification.labels == ("Non", "none", "null hypothesis")
