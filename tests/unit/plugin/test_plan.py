"""Plan: what is refused with which guess, and what is told to happen, wait and move."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from sluice_api.meta import API_VERSION
from sluice_operator.model import Key, ResourceKind
from sluice_operator.settings import Settings
from sluice_plugin.plan import settings
from sluice_plugin.plan.check import Document, Problem, check
from sluice_plugin.plan.files import Manifest
from sluice_plugin.plan.planned import Planned, plan_for, refused_changes
from sluice_plugin.plan.verb import sort_out
from sluice_plugin.plan.world import World
from support.quickstart import LABELS, SETTINGS, deployment_spec, gate_spec, pack_spec, quickstart, run_spec
from support.simcluster import SimCluster
from support.userobjects import object_of, spec_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def problems_of(kind: str, **changes: Any) -> dict[str, Problem]:
    found = check(Manifest("file", object_of(kind, spec_of(kind, **changes))), "team")
    assert isinstance(found, list)
    return {problem.path: problem for problem in found}


def criterion(**changes: Any) -> dict[str, Any]:
    whole = {"suite": "gold", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8"} | changes
    return {"criteria": [whole]}


@pytest.mark.parametrize(
    ("kind", "changes", "path", "hint"),
    [
        ("TrainingRun", {"hyperparamters": {}}, "spec.hyperparamters", "did you mean hyperparameters?"),
        (
            "TrainingRun",
            {"hyperparameters": {"learningrate": "1e-4"}},
            "spec.hyperparameters.learningrate",
            "did you mean learningRate?",
        ),
        (
            "EvalGate",
            criterion(confidence=90),
            "spec.criteria[0].confidence",
            "did you mean confidencePercent?",
        ),
        ("EvalGate", criterion(operator="Above"), "spec.criteria[0].operator", "there are: "),
        ("EvalGate", criterion(value=0.8), "spec.criteria[0].value", 'write it in quotes: "0.8"'),
        ("Deployment", {"gateRef": {"nname": "gate"}}, "spec.gateRef.nname", "did you mean name?"),
        ("Deployment", {"zzz": 1}, "spec.zzz", "there are: deletionProtection"),
    ],
)
def test_a_typo_is_told_with_its_path_and_a_guess(
    kind: str, changes: dict[str, Any], path: str, hint: str
) -> None:
    found = problems_of(kind, **changes)
    assert path in found
    assert found[path].hint.startswith(hint)


def test_rules_are_checked_and_a_cause_is_told_without_what_follows_from_it() -> None:
    assert "spec" in problems_of("EvalGate", criteria=[{**criterion()["criteria"][0], "suite": "other"}])
    bad = problems_of("EvalGate", suites=[{"name": "gold", "datasetRef": {"nname": "gold"}}])
    assert set(bad) == {"spec.suites[0].datasetRef.nname", "spec.suites[0].datasetRef.name"}


@pytest.mark.parametrize(
    ("changes", "path", "hint"),
    [
        ({"kind": "TraningRun"}, "kind", "did you mean TrainingRun?"),
        ({"apiVersion": "sluice.dev/v1"}, "apiVersion", f"use {API_VERSION}"),
        ({"metadata": {"name": "Bad_Name"}}, "metadata.name", "use at most 40"),
        ({"sepc": {}}, "sepc", "did you mean spec?"),
        ({"spec": []}, "spec", ""),
        ({"spec": {"gateRef": datetime(2026, 1, 1)}}, "spec", "use text, numbers"),
    ],
)
def test_what_surrounds_a_spec_is_checked_too(changes: dict[str, Any], path: str, hint: str) -> None:
    found = check(Manifest("file", object_of("Deployment") | changes), "team")
    assert isinstance(found, list)
    assert [p.hint.startswith(hint) for p in found if p.path == path] == [True]


@pytest.fixture(scope="module")
def cluster() -> SimCluster:
    """The quickstart, promoted. Nobody changes it."""
    made = quickstart()
    made.settle()
    made.sleep(10)
    return made


def document(kind: ResourceKind, name: str, spec: dict[str, Any], labels: Any = None) -> Document:
    metadata = {"name": name, "labels": labels or {}}
    body = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    found = check(Manifest("file", body), "team")
    assert isinstance(found, Document), found
    return found


RUN = document("TrainingRun", "good", run_spec(1), LABELS)
QUICKSTART = (
    document("Deployment", "live", deployment_spec()),
    document("EvalGate", "gate", gate_spec()),
    RUN,
    document("DatasetPack", "gold", pack_spec("gold", "Evaluation")),
    document("DatasetPack", "train", pack_spec("train")),
)


def planned(
    documents: Iterable[Document], cluster: SimCluster | None = None, given: Settings = SETTINGS
) -> dict[str, Planned]:
    world = World(given, cluster.now if cluster else NOW)
    for (kind, _), data in cluster.objects.items() if cluster else ():
        world.load(kind, data)  # type: ignore[arg-type]
    found, at_rest = plan_for(world, tuple(documents))
    assert at_rest
    return {one.key.name: one for one in found}


def told(one: Planned, action: str) -> list[str]:
    return [step.text for step in one.steps if step.action == action]


def test_the_whole_path_is_told_from_rows_to_traffic() -> None:
    found = planned(QUICKSTART)
    assert list(found) == ["gold", "train", "good", "gate", "live"]
    assert {one.change for one in found.values()} == {"new"}
    assert [step.action for step in found["good"].steps] == ["wait", "job", "job", "job", "ready"]
    stages = [step.details["stage"] for step in found["good"].steps if step.action == "job"]
    assert stages == ["prepare", "train", "package"]
    assert "ReferenceNotReady: spec.datasetRef: DatasetPack train" in told(found["good"], "wait")[0]
    assert told(found["live"], "traffic")[0].endswith("it comes from run good")
    assert [step.action for step in found["live"].steps][-1] == "ready"
    assert not re.search(r"sha256:[0-9a-f]{12}", str([one.dump() for one in found.values()]))


def test_a_job_is_told_with_profile_image_and_resources() -> None:
    resources = {"requests": {"cpu": "2"}, "limits": {"memory": "8Gi", "nvidia.com/gpu": "1"}}
    compute = [{"name": "gpu", "allowedNamespaces": ["*"], "resources": resources, "image": "mine"}]
    given = Settings.parse(SETTINGS.dump() | {"compute": [*SETTINGS.dump()["compute"], *compute]})
    run = document("TrainingRun", "good", run_spec(1) | {"profile": "gpu"}, LABELS)
    found = planned([run, *(d for d in QUICKSTART if d is not RUN)], given=given)
    (train,) = [s for s in found["good"].steps if s.details.get("stage") == "train"]
    assert (train.details["profile"], train.details["image"]) == ("gpu", "mine")
    assert train.details["limits"] == resources["limits"]
    assert "nvidia.com/gpu 1" in train.text


def test_what_is_missing_is_waited_for_and_that_is_no_failure() -> None:
    found = planned([RUN])
    assert [s.action for s in found["good"].steps] == ["wait"]
    assert "DatasetPack train does not exist" in found["good"].steps[-1].text
    assert not found["good"].is_stalled


def test_a_gate_says_what_it_needs_and_one_that_nobody_can_pass_stalls(cluster: SimCluster) -> None:
    gate = document("EvalGate", "gate", gate_spec("0.98"))
    found = planned([gate, *(d for d in QUICKSTART if d.key.kind == "DatasetPack")])
    assert found["gate"].needs == (
        "exact_match on gold >= 0.98: at least 149 items; pack gold is not made yet",
    )
    strict = planned([document("EvalGate", "gate", gate_spec("0.999"))], cluster)["gate"]
    assert "pack gold has 250" in strict.needs[0]
    assert strict.is_stalled
    assert strict.steps[-1].text.startswith("GateUnreachable")
    assert "names the number that is missing" in strict.steps[-1].details["nextStep"]


def test_an_equal_run_is_adopted_and_takes_no_train_job(cluster: SimCluster) -> None:
    found = planned([document("TrainingRun", "again", run_spec(1), LABELS)], cluster)["again"]
    assert [s.details["stage"] for s in found.steps if s.action == "job"] == ["prepare"]
    assert found.steps[-1].text.startswith("Adopted")


def test_a_new_run_moves_the_traffic_of_what_is_live_already(cluster: SimCluster) -> None:
    found = planned([document("TrainingRun", "newer", run_spec(2), LABELS)], cluster)
    assert (found["newer"].change, found["live"].change) == ("new", "affected")
    assert told(found["live"], "traffic")[-1].endswith("it comes from run newer")


def test_what_holds_traffic_is_told_with_its_next_step(cluster: SimCluster) -> None:
    paused = document("Deployment", "live", deployment_spec(paused=True))
    newer = document("TrainingRun", "newer", run_spec(2), LABELS)
    found = planned([paused, newer], cluster)["live"]
    assert found.change == "changed"
    assert not told(found, "traffic")
    assert (found.steps[-1].action, found.steps[-1].details["reason"]) == ("held", "Paused")


def test_nothing_happens_where_nothing_changed(cluster: SimCluster) -> None:
    found = planned(QUICKSTART, cluster)
    assert {one.change for one in found.values()} == {"unchanged"}
    assert {len(one.steps) for one in found.values()} == {1}


def test_an_experiment_that_would_change_is_refused_and_a_gate_is_not(cluster: SimCluster) -> None:
    world = World(SETTINGS, NOW)
    for (kind, _), data in cluster.objects.items():
        world.load(kind, data)  # type: ignore[arg-type]
    other = document("TrainingRun", "good", run_spec(2) | {"suspend": True})
    (problem,) = refused_changes(world, [other, document("EvalGate", "gate", gate_spec("0.9"))])
    assert (problem.path, problem.message) == ("spec.hyperparameters", "cannot change after creation")


def test_a_plan_writes_into_its_own_world_only(cluster: SimCluster) -> None:
    before = str(cluster.objects)
    planned([document("TrainingRun", "newer", run_spec(2), LABELS)], cluster)
    assert str(cluster.objects) == before


def test_without_settings_the_charts_profiles_are_taken_and_the_rest_is_assumed() -> None:
    document_ = document("Deployment", "live", deployment_spec(serving={"profile": "fast"}))
    known = settings.defaults([document_, RUN])
    assert known.settings.compute_profile("gpu-small") is not None
    assert known.settings.serving_profile("fast") is not None
    storage = known.settings.storage_profile("team")
    assert storage is not None
    assert storage.may_read("s3://sluice/team/models/base", "team")
    assert len(known.notes) == 3


def test_valid_and_invalid_objects_are_sorted_out() -> None:
    good, bad = object_of("Deployment"), object_of("Deployment", {"gateRef": {}})
    documents, problems = sort_out([Manifest("a", good), Manifest("b", bad)], "team")
    assert [d.key for d in documents] == [Key("team", "Deployment", "example")]
    assert [p.where for p in problems] == ["b"]
