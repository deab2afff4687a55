"""Drift checks of what is live: when they run, what they ask, what they leave, and what they never do."""

from support.driftsim import (
    EVERY,
    LIVE,
    asked,
    drifted,
    jobs_of_checks,
    live_slot,
    records,
    results,
    tick,
    watched,
)
from support.quickstart import SETTINGS, Stages, gate_spec, quickstart
from support.simapi import Raw
from support.simcluster import NAMESPACE, SimCluster


def status(cluster: SimCluster) -> Raw:
    return dict(cluster.objects["Deployment", "live"]["status"]["drift"])


def test_nothing_is_watched_unless_it_is_asked_for() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    tick(cluster, 3)
    assert records(cluster) == []
    assert drifted(cluster) == ("Unknown", "DriftOff")


def test_nothing_is_checked_before_the_first_tick() -> None:
    stages = Stages()
    cluster = watched(stages)
    assert asked(stages, "evaluate") == []
    assert drifted(cluster) == ("Unknown", "DriftUnchecked")


def test_a_tick_asks_the_slot_itself_about_the_sealed_suites() -> None:
    stages = Stages()
    cluster = watched(stages)
    tick(cluster)
    transition = records(cluster)[0]["transition"]
    [evaluate], [judge] = asked(stages, "evaluate"), asked(stages, "judge")
    assert evaluate["identity"] == judge["identity"] == f"{transition}-1"
    assert evaluate["endpoint"]["url"] == f"http://{live_slot(cluster)}.{NAMESPACE}.svc/v1"
    sealed = records(cluster, "revision")[0]["sealedVerdict"]
    assert evaluate["endpoint"]["digest"] == sealed["digest"]
    assert [s["dataset"]["digest"] for s in evaluate["suites"]] == [sealed["suiteDigests"][0]["digest"]]
    assert judge["baseline"] == {"digest": sealed["digest"], "results": sealed["results"]}
    assert judge["contamination"] == "Report"
    assert judge["criteria"][0] == {
        "suite": "gold",
        "metric": "exact_match",
        "operator": "GreaterOrEqual",
        "value": "-0.05",
        "compare": "DeltaToBaseline",
        "mode": "Required",
    }


def test_a_good_tick_is_recorded_with_what_was_measured() -> None:
    cluster = watched(Stages(change=lambda _: -0.01))
    tick(cluster)
    [record] = records(cluster)
    assert (record["result"], record["score"], record["baseline"]) == ("Good", "0.89", "0.9")
    assert record["slot"] == live_slot(cluster)
    assert drifted(cluster) == ("False", "NoDrift")
    assert status(cluster)["verdict"] == "Good"
    assert status(cluster)["consecutiveFailures"] == 0


def test_bad_ticks_in_a_row_are_drift() -> None:
    cluster = watched(Stages(change=lambda _: -0.2))
    tick(cluster)
    assert drifted(cluster) == ("False", "DriftSuspected")
    tick(cluster)
    assert drifted(cluster) == ("True", "DriftDetected")
    assert status(cluster) | {"lastCheckTime": ""} == {
        "lastCheckTime": "",
        "verdict": "Bad",
        "score": "0.7",
        "baseline": "0.9",
        "consecutiveFailures": 2,
    }
    assert [r["reason"] for r in records(cluster)] == ["drift_suspected", "drift_detected"]


def test_of_slices_only_the_change_is_told() -> None:
    gate = gate_spec()
    gate["criteria"] = [{**gate["criteria"][0], "slice": "Worst"}, *gate["criteria"]]
    cluster = watched(Stages(change=lambda _: -0.2), gate)
    tick(cluster)
    [record] = records(cluster)
    assert "exact_match on the worst slice of gold is proven worse" in record["message"]
    assert (record["result"], record.get("score"), record.get("baseline")) == ("Bad", None, None)


def test_a_better_model_is_no_drift() -> None:
    cluster = watched(Stages(change=lambda _: 0.1))
    tick(cluster, 2)
    assert results(cluster) == [(1, "Good"), (2, "Good")]


def test_a_good_tick_ends_the_row() -> None:
    stages = Stages(change=lambda _: -0.2)
    cluster = watched(stages)
    tick(cluster, 2)
    stages.change = lambda _: 0.0
    tick(cluster)
    assert drifted(cluster) == ("False", "NoDrift")
    assert status(cluster)["consecutiveFailures"] == 0


def test_missed_ticks_are_skipped() -> None:
    cluster = watched()
    cluster.sleep(5.5 * EVERY)
    cluster.settle()
    assert results(cluster) == [(5, "Good")]
    tick(cluster)
    assert results(cluster) == [(5, "Good"), (6, "Good")]


def test_nothing_is_written_between_ticks() -> None:
    cluster = watched(Stages(change=lambda _: -0.2))
    tick(cluster, 3)
    before = len(cluster.writes), cluster.version
    for _ in range(10):
        cluster.sleep(EVERY / 20)
        assert cluster.reconcile(LIVE) == 0
        cluster.play()
    assert (len(cluster.writes), cluster.version) == before


def test_the_operator_wakes_for_the_next_tick() -> None:
    cluster = watched()
    plan = cluster.plan(LIVE)
    assert plan is not None
    assert plan.requeue_after is not None
    assert 0 < plan.requeue_after <= EVERY


def test_old_ticks_and_their_jobs_do_not_pile_up() -> None:
    cluster = watched()
    tick(cluster, 25)
    assert [number for number, _ in results(cluster)] == list(range(16, 26))
    assert len(jobs_of_checks(cluster)) <= 8
    stages = [r for r in records(cluster, "stage") if r["stage"] in ("evaluate", "judge")]
    assert len(stages) <= 8 + 2, "two are the gate's"


def test_a_check_takes_no_gpu() -> None:
    settings = SETTINGS.dump()
    settings["compute"][0]["resources"] = {"limits": {"nvidia.com/gpu": "1"}}
    cluster = watched()
    cluster.settings = type(SETTINGS).parse(settings)
    tick(cluster)
    job = next(j for j in jobs_of_checks(cluster) if "evaluate" in j["metadata"]["name"])
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert "nvidia.com/gpu" not in container["resources"].get("limits", {})
