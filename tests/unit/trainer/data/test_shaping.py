"""Groups and slices of rows, whatever the values of their columns are."""

from typing import Any

import pytest

from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import Source
from sluice_trainer.data.rejected import RejectedRow
from sluice_trainer.data.shaping import Shaped, shape

TASK = {"labels": ["red", "blue"], "instruction": "Pick one of {labels}."}
SOURCE = {
    "name": "rows",
    "locator": "s3://bucket/rows.jsonl",
    "mapper": "LabelToClassification",
    "fields": {"slice": "part"},
}
REQUEST = PackRequest.parse(
    {"task": "Classification", "purpose": "Train", "sources": [SOURCE], "classification": TASK}
    | {"split": {"groupBy": "who"}}
)


def shaped(**columns: Any) -> Shaped | RejectedRow:
    return shape({"text": "t", "label": "red", **columns}, Source.parse(SOURCE), REQUEST)


@pytest.mark.parametrize("who", [None, "", "  ", "missing"])
def test_a_row_without_a_group_is_rejected(who: Any) -> None:
    found = shaped() if who == "missing" else shaped(who=who)
    assert isinstance(found, RejectedRow)
    assert found.code == "missing_group"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jos\u00e9", "Jose\u0301"),
        ("\ud55c", "\u1112\u1161\u11ab"),
        ("ann", " ann "),
        (7, "7"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_values_that_people_cannot_tell_apart_are_one_group_and_one_slice(one: Any, other: Any) -> None:
    first, second = shaped(who=one, part=one), shaped(who=other, part=other)
    assert isinstance(first, Shaped)
    assert isinstance(second, Shaped)
    assert (first.group, first.slice) == (second.group, second.slice)


@pytest.mark.parametrize("part", ["x" * 257, "a\u009bb", ["x" * 300]])
def test_a_slice_that_is_no_name_is_rejected(part: Any) -> None:
    found = shaped(who="ann", part=part)
    assert isinstance(found, RejectedRow)
    assert found.code == "invalid_slice"


@pytest.mark.parametrize("part", [None, "", " "])
def test_a_row_need_not_have_a_slice(part: Any) -> None:
    found = shaped(who="ann", part=part)
    assert isinstance(found, Shaped)
    assert found.slice is None
