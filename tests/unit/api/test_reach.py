"""Items that a perfect candidate needs, and the defaults of a criterion."""

from typing import Any

import pytest
from pydantic import ValidationError

from sluice_api.criteria import demand_of
from sluice_api.evalgate import Criterion
from sluice_api.metrics import METRICS, metrics_of
from sluice_api.reach import items_needed, reach_of, reachable


def criterion(**fields: Any) -> Criterion:
    base = {"suite": "triage", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8"}
    return Criterion.parse({**base, "minSupport": 1, **fields})


PAIRED = {"compare": "DeltaToBaseline"}


@pytest.mark.parametrize(
    ("fields", "needed"),
    [
        ({"value": "0.98"}, 149),
        ({"value": "0.98", "confidencePercent": 90}, 114),
        ({"value": "0.98", "confidencePercent": 0}, 1),
        ({"value": "0.02", "metric": "unparseable_rate", "operator": "LessOrEqual"}, 149),
        ({"value": "1"}, None),
        ({"value": "1", "confidencePercent": 0}, 1),
        ({"value": "-0.5", "operator": "LessOrEqual"}, None),
        ({"value": "-0.02", **PAIRED}, 180),
        ({"value": "0.02", **PAIRED, "operator": "LessOrEqual"}, 180),
        ({"value": "0", **PAIRED}, 4),
        ({"value": "0.2", **PAIRED}, 6),
        ({"value": "1", **PAIRED}, None),
        ({"value": "0.98", "metric": "squad_f1"}, 149),
        ({"value": "-0.02", "metric": "squad_f1", **PAIRED}, 149),
        ({"value": "0.9", "metric": "squad_f1", **PAIRED}, 59),
        ({"value": "0.2", "metric": "accuracy", "minSupport": 120}, 120),
        ({"value": "0.2", "metric": "f_one", "minSupport": 7}, 7),
        ({"value": "0.98", "slice": "Worst", "minSupport": 40}, 40),
    ],
)
def test_items_needed(fields: dict[str, Any], needed: int | None) -> None:
    assert items_needed(criterion(**fields)) == needed


def test_macro_f1_needs_fewer_items_with_more_classes() -> None:
    few, many = (
        items_needed(criterion(metric="macro_f1", value="0.98"), classes=2),
        items_needed(criterion(metric="macro_f1", value="0.98"), classes=20),
    )
    assert (few, many) == (147, 120)


def test_reachable_names_the_number() -> None:
    assert not reachable(criterion(value="0.98"), items=148).ok
    assert reachable(criterion(value="0.98"), items=149).ok
    assert reachable(criterion(value="0.98"), items=10).needed == 149
    assert not reachable(criterion(value="1"), items=10**6).ok


def test_what_is_assumed_about_the_baseline_is_told() -> None:
    alone, better = reachable(criterion(value="0.98"), 1), reachable(criterion(value="0.1", **PAIRED), 1)
    assert (alone.told, better.assumes) == ("at least 149 items", "")
    tolerant = [
        criterion(value="-0.02", **PAIRED),
        criterion(value="0.02", **PAIRED, operator="LessOrEqual", metric="unparseable_rate"),
    ]
    for asked in tolerant:
        told = reachable(asked, 1).told
        assert told == "at least 180 items, counted for a baseline that is as good as the candidate"
    assert reachable(criterion(value="1"), 1).told.startswith("another threshold")


def test_absent_fields_have_the_defaults_of_the_schema() -> None:
    plain = Criterion.parse({"suite": "s", "metric": "accuracy", "operator": "LessOrEqual", "value": "0.1"})
    demand = demand_of(plain)
    assert (demand.confidence, demand.min_support, demand.required) == (0.95, 100, True)
    assert (demand.at_least, demand.compares, demand.threshold) == (False, False, 0.1)
    assert demand.words == "accuracy on s <= 0.1"
    worst = demand_of(plain.model_copy(update={"slice": "Worst"}))
    assert (worst.min_support, worst.words) == (30, "accuracy on the worst slice of s <= 0.1")


def test_confidence_zero_is_not_the_default() -> None:
    assert demand_of(criterion(confidencePercent=0)).confidence == 0


@pytest.mark.parametrize("percent", [1, 49, 100])
def test_confidence_below_a_half_is_refused(percent: int) -> None:
    with pytest.raises(ValidationError, match="confidencePercent"):
        criterion(confidencePercent=percent)


def test_every_metric_stands_under_its_own_name() -> None:
    assert all(name == metric.name and metric.meaning for name, metric in METRICS.items())
    assert [m.name for m in metrics_of("Chat")] == [
        "exact_match",
        "normalized_match",
        "squad_em",
        "squad_f1",
    ]
    assert [m.name for m in metrics_of("Classification")] == ["accuracy", "macro_f1", "unparseable_rate"]


@pytest.mark.parametrize(
    ("fields", "lost", "ok"),
    [
        ({"value": "0.8"}, 0, True),
        ({"value": "0.8"}, 29, True),
        ({"value": "0.8"}, 31, False),
        ({"value": "0.8", "confidencePercent": 0}, 40, True),
        ({"value": "0.8", "confidencePercent": 0}, 41, False),
        ({"value": "0.8", "operator": "LessOrEqual", "metric": "unparseable_rate"}, 100, True),
        ({"value": "-0.05", **PAIRED}, 100, True),
        ({"value": "0.5", **PAIRED}, 60, True),
        ({"value": "0.5", **PAIRED}, 100, False),
        ({"value": "0.8", "slice": "Worst"}, 100, True),
    ],
)
def test_items_that_no_candidate_has_right_bound_the_reach(
    fields: dict[str, Any], lost: int, ok: bool
) -> None:
    found = reach_of(demand_of(criterion(**fields)), 200, lost=lost)
    assert found.ok == ok
    assert (found.right, f"at best {200 - lost} items are right" in found.told) == (
        (None, False) if ok else (200 - lost, True)
    )
