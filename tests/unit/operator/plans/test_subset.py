from typing import Any

import pytest

from sluice_operator.plans.subset import is_subset

FOUND = {"replicas": 1, "containers": [{"name": "a", "image": "x", "pullPolicy": "Always"}], "labels": {}}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"replicas": 1},
        {"containers": [{"image": "x"}]},
        {"containers": ({"image": "x"},)},
        {"volumes": []},
        {"annotations": {}},
    ],
)
def test_what_we_wrote_stands_beside_what_others_added(wanted: Any) -> None:
    assert is_subset(wanted, FOUND)


@pytest.mark.parametrize(
    "wanted",
    [
        {"replicas": 2},
        {"replicas": None},
        {"containers": []},
        {"containers": [{"image": "x"}, {"image": "y"}]},
        {"containers": "x"},
        {"volumes": [1]},
        {"annotations": {"a": "b"}},
        {"name": ""},
        {"labels": []},
        [],
    ],
)
def test_what_was_changed_or_taken_away_is_seen(wanted: Any) -> None:
    assert not is_subset(wanted, FOUND)
