"""When nothing is known about what is live, and what must not be decided from it."""

from typing import Any

import pytest

from support.driftsim import (
    EVERY,
    LIVE,
    asked,
    condition,
    drifted,
    jobs_of_checks,
    live_slot,
    records,
    results,
    tick,
    watched,
)
from support.quickstart import LABELS, Stages, deployment_spec, gate_spec, pack_spec, run_spec
from support.simcluster import NAMESPACE, SimCluster


def newest(cluster: SimCluster) -> dict[str, Any]:
    return records(cluster)[-1]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (69, "dependency_unavailable"),
        (69, "storage_unavailable"),
        (64, "served_digest_mismatch"),
        (70, "stage_crashed"),
        (71, "out_of_memory"),
    ],
)
def test_X12_a_check_that_fails_says_nothing_about_the_model(code: int, reason: str) -> None:
    stages = Stages()
    cluster = watched(stages)
    stages.faults.append((code, None, reason))
    tick(cluster)
    assert (newest(cluster)["result"], newest(cluster)["reason"]) == ("Unknown", reason)
    assert drifted(cluster) == ("Unknown", "DriftUnknown")
    assert len(asked(stages, "evaluate")) == 1, "it is not tried again before the next tick"
    tick(cluster)
    assert results(cluster) == [(1, "Unknown"), (2, "Good")]
    assert drifted(cluster) == ("False", "NoDrift")


def test_X12_a_judgement_that_fails_is_unknown() -> None:
    stages = Stages()
    cluster = watched(stages)
    cluster.sleep(EVERY)
    while not [j for j in jobs_of_checks(cluster) if "judge" in j["metadata"]["name"]]:
        cluster.settle(rounds=1)
    stages.faults.append((64, None, "artifact_digest_mismatch"))
    cluster.settle(rounds=12)
    assert newest(cluster)["reason"] == "artifact_digest_mismatch"


def test_X12_without_results_of_the_promotion_there_is_no_baseline() -> None:
    stages = Stages()
    cluster = watched(stages)
    for record in cluster.of("ControllerRevision"):
        if record["data"].get("record") == "revision":
            del record["data"]["sealedVerdict"]["results"]
            cluster.put("ControllerRevision", record)
    tick(cluster)
    assert (newest(cluster)["result"], newest(cluster)["reason"]) == ("Unknown", "drift_baseline_missing")
    assert "Promote another model" in condition(cluster)["message"]
    assert asked(stages, "evaluate") == []


def test_a_missing_gate_is_unknown() -> None:
    cluster = watched()
    cluster.drop("EvalGate", "gate")
    tick(cluster)
    assert (newest(cluster)["result"], newest(cluster)["reason"]) == ("Unknown", "gate_missing")
    assert "Create the gate" in condition(cluster)["message"]


def test_a_suite_that_is_another_one_now_is_unknown() -> None:
    cluster = watched()
    cluster.add("DatasetPack", "other", pack_spec("other", "Evaluation"))
    suite = {"name": "gold", "datasetRef": {"name": "other"}}
    cluster.add("EvalGate", "gate", gate_spec(suites=[suite]))
    cluster.settle()
    tick(cluster)
    assert (newest(cluster)["result"], newest(cluster)["reason"]) == ("Unknown", "drift_baseline_missing")


def test_a_tightened_gate_changes_nothing_about_drift() -> None:
    """What let the revision in is asked, not what the gate demands now."""
    stages = Stages()
    cluster = watched(stages)
    stages.verdict = lambda _: "Fail"
    cluster.add("EvalGate", "gate", gate_spec("0.85"))
    cluster.settle()
    tick(cluster)
    assert results(cluster) == [(1, "Good")]
    assert asked(stages, "judge")[0]["criteria"][0]["value"] == "-0.05"


def test_unknown_neither_counts_nor_resets() -> None:
    stages = Stages(change=lambda _: -0.2)
    cluster = watched(stages)
    tick(cluster)
    stages.faults.append((69, None, "dependency_unavailable"))
    tick(cluster)
    assert drifted(cluster) == ("Unknown", "DriftUnknown")
    tick(cluster)
    assert results(cluster) == [(1, "Bad"), (2, "Unknown"), (3, "Bad")]
    assert drifted(cluster) == ("True", "DriftDetected")
    stages.faults.append((69, None, "dependency_unavailable"))
    tick(cluster)
    assert drifted(cluster) == ("True", "DriftDetected")


def test_many_unknown_checks_push_no_bad_one_out() -> None:
    stages = Stages(change=lambda _: -0.2)
    cluster = watched(stages)
    tick(cluster)
    cluster.drop("EvalGate", "gate")
    tick(cluster, 15)
    assert "Bad" in [r["result"] for r in records(cluster)]
    assert len(records(cluster)) <= 11


def test_a_pod_that_finds_no_node_is_unknown_at_last() -> None:
    cluster = watched()
    cluster.sleep(EVERY)
    for _ in range(3):
        cluster.reconcile(LIVE)
        cluster.sleep(1)
    [job] = jobs_of_checks(cluster)
    cluster.put("Pod", waiting_pod(job))
    cluster.sleep(EVERY)
    for _ in range(4):
        cluster.reconcile(LIVE)
        cluster.sleep(1)
    assert (newest(cluster)["result"], newest(cluster)["reason"]) == ("Unknown", "unschedulable")
    assert job["metadata"]["name"] not in [j["metadata"]["name"] for j in jobs_of_checks(cluster)]


def waiting_pod(job: dict[str, Any]) -> dict[str, Any]:
    unschedulable = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "full"}
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "controller": True}
    return {
        "metadata": {
            "name": f"{job['metadata']['name']}-pod",
            "namespace": NAMESPACE,
            "labels": job["spec"]["template"]["metadata"]["labels"],
            "annotations": job["spec"]["template"]["metadata"]["annotations"],
            "ownerReferences": [reference | {"uid": job["metadata"]["uid"]}],
        },
        "spec": {},
        "status": {"phase": "Pending", "conditions": [unschedulable]},
    }


def started(cluster: SimCluster) -> None:
    """A check is on its way."""
    cluster.sleep(EVERY)
    while not jobs_of_checks(cluster):
        cluster.reconcile(LIVE)
        cluster.sleep(1)


def test_a_new_transition_discards_the_check_that_runs() -> None:
    stages = Stages(change=lambda _: -0.2)
    cluster = watched(stages, failuresToAct=1)
    before = live_slot(cluster)
    started(cluster)
    cluster.add("TrainingRun", "better", run_spec(2), LABELS)
    for _ in range(60):
        for key in cluster.own():
            cluster.reconcile(key)
        if live_slot(cluster) != before:
            break
        hold_checks(cluster)
        cluster.sleep(2)
    assert live_slot(cluster) != before
    cluster.settle()
    assert records(cluster) == []
    assert jobs_of_checks(cluster) == []
    assert drifted(cluster) == ("Unknown", "DriftUnchecked")
    tick(cluster)
    assert records(cluster)[0]["slot"] == live_slot(cluster)


def hold_checks(cluster: SimCluster) -> None:
    """Play everything but the Jobs of drift checks."""
    for job in jobs_of_checks(cluster):
        cluster.put("Job", job | {"spec": job["spec"] | {"suspend": True}})
    cluster.play()


def test_drift_that_is_switched_off_ends_the_check_that_runs() -> None:
    cluster = watched()
    started(cluster)
    cluster.add("Deployment", "live", deployment_spec())
    cluster.reconcile(LIVE)
    assert jobs_of_checks(cluster) == []
    cluster.settle()
    assert drifted(cluster) == ("Unknown", "DriftOff")


def test_a_suspended_deployment_is_not_checked() -> None:
    stages = Stages()
    cluster = watched(stages)
    cluster.add("Deployment", "live", deployment_spec(drift={"everySeconds": EVERY}, suspend=True))
    tick(cluster, 2)
    assert asked(stages, "evaluate") == []
    assert drifted(cluster) == ("Unknown", "Suspended")


def test_a_paused_deployment_is_checked() -> None:
    cluster = watched()
    cluster.add("Deployment", "live", deployment_spec(drift={"everySeconds": EVERY}, paused=True))
    tick(cluster)
    assert results(cluster) == [(1, "Good")]


def test_a_check_slower_than_its_interval_is_told() -> None:
    cluster = watched()
    started(cluster)
    cluster.sleep(EVERY)
    cluster.reconcile(LIVE)
    assert "spec.drift.everySeconds" in condition(cluster)["message"]
    cluster.settle(rounds=40)
    assert [number for number, _ in results(cluster)] == [1, 2]
    tick(cluster)
    assert drifted(cluster) == ("False", "NoDrift")


def test_a_check_slower_than_its_interval_still_finds_drift() -> None:
    cluster = watched(Stages(change=lambda _: -0.2), failuresToAct=1)
    started(cluster)
    cluster.sleep(EVERY)
    cluster.settle(rounds=12)
    assert drifted(cluster)[0] == "True"


def test_nothing_is_written_while_a_transition_is_announced() -> None:
    cluster = watched()
    service = cluster.objects["Service", "live"]
    cluster.put("Service", service | {"spec": service["spec"] | {"selector": {"app": "mine"}}})
    cluster.sleep(EVERY)
    cluster.reconcile(LIVE)
    assert records(cluster, "audit")[-1]["phase"] in ("intended", "done")
    assert jobs_of_checks(cluster) == []
    cluster.settle(rounds=12)
    assert [r["result"] for r in records(cluster)] == ["Good"]


def test_a_deployment_that_serves_nothing_is_not_checked() -> None:
    stages = Stages(verdict=lambda _: "Fail")
    cluster = watched(stages)
    tick(cluster, 2)
    assert asked(stages, "evaluate") == []
    assert drifted(cluster) == ("Unknown", "DriftUnchecked")
