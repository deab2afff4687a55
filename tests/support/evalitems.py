"""Results of items, made short: what a test of verdicts starts from."""

from collections.abc import Sequence
from typing import Any

from sluice_api.criteria import Demand, demand_of
from sluice_api.datasetpack import Task
from sluice_api.evalgate import Criterion
from sluice_trainer.evals.results import ItemResult, SuiteResults


def demand(**fields: Any) -> Demand:
    """A demand of at least 0.8 accuracy on `triage`, unless told otherwise."""
    base = {"suite": "triage", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8"}
    return demand_of(Criterion.parse({**base, **fields}))


def labelled(pairs: Sequence[tuple[str, str | None]], groups: Sequence[str] = ()) -> tuple[ItemResult, ...]:
    """Classification results of (right label, label found)."""
    return tuple(
        ItemResult(
            id=f"item-{place}",
            group=groups[place] if groups else f"alone-{place}",
            reference=right,
            prediction=found or "",
            scores={"accuracy": float(right == found), "unparseable_rate": float(found is None)},
            label=right,
            predicted_label=found,
        )
        for place, (right, found) in enumerate(pairs)
    )


def scored(values: Sequence[float], metric: str, groups: Sequence[str] = ()) -> tuple[ItemResult, ...]:
    """Results with one score each."""
    return tuple(
        ItemResult(
            id=f"item-{place}",
            group=groups[place] if groups else f"alone-{place}",
            reference="reference",
            prediction="prediction",
            scores={metric: value},
        )
        for place, value in enumerate(values)
    )


def right_and_wrong(right: int, wrong: int) -> tuple[ItemResult, ...]:
    """Classification results, the first items right."""
    return labelled([("yes", "yes")] * right + [("yes", "no")] * wrong)


def results(items: tuple[ItemResult, ...], task: Task = "Classification", **fields: Any) -> SuiteResults:
    """Complete results of the suite `triage`."""
    asked = fields.pop("asked", tuple(item.id for item in items))
    return SuiteResults(name="triage", task=task, items=items, asked=asked, **fields)
