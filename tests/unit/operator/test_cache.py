"""The cache: the newest version wins, the dead stay dead, a change tells whom it concerns."""

from typing import Any

import pytest

from sluice_operator.cache import Cache, Snapshot
from sluice_operator.kinds import Kind
from sluice_operator.model import Key, Resource
from sluice_operator.views import View, view_of
from support import objects

RUN = Key("team", "TrainingRun", "run")
OWNER = ("TrainingRun", "run")
LATER, EARLIER = 10**9, 0
"""A list that began after, or before, everything that the test did."""


def put(cache: Cache, kind: Kind, raw: dict[str, Any]) -> frozenset[Key]:
    return cache.put(kind, view_of(kind, raw))


def run(name: str = "run", pack: str = "pack", **meta: Any) -> dict[str, Any]:
    return objects.resource("TrainingRun", name, {"datasetRef": {"name": pack}}, **meta)


def snapshot(
    kind: Kind, version: int, *views: View, began: int = LATER, namespace: str | None = None
) -> Snapshot:
    return Snapshot(kind, namespace, version, began, views)


def test_an_older_version_changes_nothing() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(version=9, labels={"a": "new"}))
    assert put(cache, "TrainingRun", run(version=8, labels={"a": "old"})) == frozenset()
    found = cache.resource(RUN)
    assert found is not None
    assert found.meta.labels == {"a": "new"}


def test_versions_are_compared_as_numbers() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(version=9))
    assert RUN in put(cache, "TrainingRun", run(version=10))


def test_a_deleted_object_does_not_come_back_from_a_stale_list() -> None:
    cache = Cache()
    stale = view_of("TrainingRun", run(version=5))
    cache.put("TrainingRun", stale)
    cache.remove("TrainingRun", view_of("TrainingRun", run(version=6)))
    cache.replace(snapshot("TrainingRun", 5, stale, began=EARLIER))
    assert cache.resource(RUN) is None


def test_a_late_deletion_leaves_the_successor_of_that_name() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(number=2, version=7))
    cache.remove("TrainingRun", view_of("TrainingRun", run(number=1, version=6)))
    found = cache.resource(RUN)
    assert found is not None
    assert found.meta.uid == objects.uid(2)


def test_a_list_finds_a_missed_deletion() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(version=5))
    assert cache.replace(snapshot("TrainingRun", 8)) == {RUN}
    assert cache.keys() == ()


def test_a_list_leaves_what_is_younger_than_it() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(version=9))
    cache.replace(snapshot("TrainingRun", 8, began=EARLIER))
    assert cache.keys() == (RUN,)


def test_a_list_of_one_namespace_leaves_the_others() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(version=5))
    cache.replace(snapshot("TrainingRun", 8, namespace="other"))
    assert cache.keys() == (RUN,)


@pytest.mark.parametrize("list_version", [20, 95, 120])
def test_a_store_that_was_restored_from_the_past_is_believed(list_version: int) -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(version=90, labels={"a": "future"}))
    put(cache, "TrainingRun", run("gone", number=2, version=95))
    past = view_of("TrainingRun", run(version=10, labels={"a": "past"}))
    cache.replace(snapshot("TrainingRun", list_version, past))
    found = cache.resource(RUN)
    assert cache.keys() == (RUN,)
    assert found is not None
    assert found.meta.labels == {"a": "past"}


@pytest.mark.parametrize("list_version", [20, 95, 120])
def test_what_a_restore_brings_back_is_not_lost(list_version: int) -> None:
    cache = Cache()
    past = view_of("TrainingRun", run(version=10))
    cache.put("TrainingRun", past)
    cache.remove("TrainingRun", view_of("TrainingRun", run(version=90)))
    assert cache.replace(snapshot("TrainingRun", list_version, past)) == {RUN}
    assert cache.keys() == (RUN,)


def test_what_was_written_since_the_list_of_a_restored_store_began_stays() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(version=90))
    began = cache.begin_list()
    put(cache, "TrainingRun", run("fresh", number=2, version=25))
    cache.replace(snapshot("TrainingRun", 24, view_of("TrainingRun", run(version=10)), began=began))
    assert {key.name for key in cache.keys()} == {"run", "fresh"}  # noqa: SIM118 - a method of ours
    cache.replace(snapshot("TrainingRun", 26, view_of("TrainingRun", run("fresh", number=2, version=25))))
    assert {key.name for key in cache.keys()} == {"fresh"}  # noqa: SIM118 - a method of ours


def test_namespaces_are_restored_one_after_another() -> None:
    cache = Cache()
    for number, team in enumerate(("a", "b")):
        put(cache, "TrainingRun", run(number=number, version=90 + number, namespace=team, labels={"x": "y"}))
    for number, team in enumerate(("a", "b")):
        past = view_of("TrainingRun", run(number=number, version=10, namespace=team))
        cache.replace(snapshot("TrainingRun", 20, past, began=cache.begin_list(), namespace=team))
    labels = [cache.resource(Key(team, "TrainingRun", "run")) for team in ("a", "b")]
    assert [found.meta.labels if found else None for found in labels] == [{}, {}]


def test_a_change_of_a_pack_concerns_runs_gates_and_deployments() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(labels={"task": "a"}))
    put(cache, "TrainingRun", run("other", pack="else", number=2))
    gate = {"candidates": {"selector": {"matchLabels": {"task": "a"}}}}
    put(cache, "EvalGate", objects.resource("EvalGate", "gate", gate, number=3))
    put(cache, "Deployment", objects.resource("Deployment", "live", {"gateRef": {"name": "gate"}}, number=4))
    concerned = put(cache, "DatasetPack", objects.resource("DatasetPack", "pack", number=5))
    assert {(k.kind, k.name) for k in concerned} == {
        ("DatasetPack", "pack"),
        ("TrainingRun", "run"),
        ("EvalGate", "gate"),
        ("Deployment", "live"),
    }


def test_a_run_that_loses_its_label_concerns_the_gate_that_selected_it() -> None:
    cache = Cache()
    gate = {"candidates": {"selector": {"matchLabels": {"task": "a"}}}}
    put(cache, "EvalGate", objects.resource("EvalGate", "gate", gate, number=3))
    put(cache, "TrainingRun", run(labels={"task": "a"}, version=4))
    concerned = put(cache, "TrainingRun", run(labels={}, version=5))
    assert Key("team", "EvalGate", "gate") in concerned
    assert Key("team", "TrainingRun", "run") not in cache.world(Key("team", "EvalGate", "gate"))


def test_jobs_and_pods_concern_their_owner_alone_but_records_concern_all_who_refer() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run())
    gate = {"candidates": {"trainingRunRef": {"name": "run"}}}
    put(cache, "EvalGate", objects.resource("EvalGate", "gate", gate, number=3))
    assert put(cache, "Job", objects.job("j", OWNER, number=7)) == {RUN}
    assert put(cache, "ControllerRevision", objects.revision("r", OWNER, {}, number=8)) == {
        RUN,
        Key("team", "EvalGate", "gate"),
    }


def test_children_of_a_deleted_namesake_are_not_ours() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run(number=2))
    put(cache, "Job", objects.job("old", OWNER, number=7, owner_number=1))
    put(cache, "Job", objects.job("new", OWNER, number=8, owner_number=2))
    related = cache.related(RUN)
    assert related is not None
    assert [j.meta.name for j in related.jobs] == ["new"]


def test_a_pod_counts_only_when_its_job_does() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run())
    put(cache, "Job", objects.job("j", OWNER, number=7))
    put(cache, "Pod", objects.pod("real", OWNER, "j", 7, number=8))
    put(cache, "Pod", objects.pod("forged", OWNER, "j", 99, number=9))
    related = cache.related(RUN)
    assert related is not None
    assert [p.meta.name for p in related.pods] == ["real"]


def test_the_world_follows_references_round_a_circle() -> None:
    cache = Cache()
    gate = {
        "candidates": {"trainingRunRef": {"name": "run"}},
        "baseline": {"deploymentRef": {"name": "live"}},
        "suites": [{"name": "s", "datasetRef": {"name": "suite"}}],
    }
    put(cache, "EvalGate", objects.resource("EvalGate", "gate", gate))
    put(cache, "Deployment", objects.resource("Deployment", "live", {"gateRef": {"name": "gate"}}))
    put(cache, "TrainingRun", run())
    put(cache, "DatasetPack", objects.resource("DatasetPack", "suite"))
    world = cache.world(Key("team", "Deployment", "live"))
    assert {k.name for k in world} == {"live", "gate", "run", "suite"}
    assert all(isinstance(r.resource, Resource) for r in world.values())


def test_a_removed_child_leaves_no_trace_in_the_index() -> None:
    cache = Cache()
    put(cache, "TrainingRun", run())
    put(cache, "Job", objects.job("j", OWNER, number=7, version=3))
    assert cache.remove("Job", view_of("Job", objects.job("j", OWNER, number=7, version=4))) == {RUN}
    related = cache.related(RUN)
    assert related is not None
    assert related.jobs == ()


def test_conditions_are_counted() -> None:
    cache = Cache()
    raw = run()
    raw["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    put(cache, "TrainingRun", raw)
    assert list(cache.count_conditions()) == [("TrainingRun", "Ready", "True", 1)]
    assert dict(cache.count_objects())["TrainingRun"] == 1
