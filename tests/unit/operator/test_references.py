"""References: what each kind refers to, for good and odd specs."""

from typing import Any

import pytest

from sluice_operator.model import Resource
from sluice_operator.references import references_of
from sluice_operator.views import view_of
from support import objects


def named(kind: Any, spec: dict[str, Any]) -> set[tuple[str, str]]:
    view = view_of(kind, objects.resource(kind, "me", spec))
    assert isinstance(view, Resource)
    return {(k.kind, k.name) for k in references_of(view).keys}


def test_a_pack_refers_to_nothing() -> None:
    assert named("DatasetPack", {"sources": [{"name": "a"}]}) == set()


def test_a_run_refers_to_its_pack_and_its_base() -> None:
    spec = {"datasetRef": {"name": "pack"}, "baseModel": {"trainingRunRef": {"name": "base"}}}
    assert named("TrainingRun", spec) == {("DatasetPack", "pack"), ("TrainingRun", "base")}


def test_a_gate_refers_to_candidate_baselines_and_suites() -> None:
    spec = {
        "candidates": {"trainingRunRef": {"name": "run"}},
        "baseline": {"deploymentRef": {"name": "live"}},
        "suites": [{"datasetRef": {"name": "a"}}, {"datasetRef": {"name": "b"}}],
    }
    assert named("EvalGate", spec) == {
        ("TrainingRun", "run"),
        ("Deployment", "live"),
        ("DatasetPack", "a"),
        ("DatasetPack", "b"),
    }


def test_a_deployment_refers_to_its_gate() -> None:
    assert named("Deployment", {"gateRef": {"name": "gate"}}) == {("EvalGate", "gate")}


@pytest.mark.parametrize("labels", [{"a": "1"}, {"a": "1", "b": "2"}])
def test_a_selector_selects_runs_with_all_its_labels(labels: dict[str, str]) -> None:
    spec = {"candidates": {"selector": {"matchLabels": {"a": "1"}}}}
    view = view_of("EvalGate", objects.resource("EvalGate", "g", spec))
    assert isinstance(view, Resource)
    assert references_of(view).selects(labels)
    assert not references_of(view).selects({"b": "2"})


def test_no_selector_selects_nothing() -> None:
    view = view_of("EvalGate", objects.resource("EvalGate", "g", {}))
    assert isinstance(view, Resource)
    assert not references_of(view).selects({"a": "1"})


@pytest.mark.parametrize("kind", ["TrainingRun", "EvalGate", "Deployment"])
@pytest.mark.parametrize("junk", [None, 1, "x", [], [1], {"name": 3}, {"matchLabels": [1]}])
def test_odd_specs_refer_to_nothing(kind: str, junk: Any) -> None:
    fields = ("datasetRef", "baseModel", "candidates", "baseline", "suites", "gateRef")
    assert named(kind, dict.fromkeys(fields, junk)) == set()
