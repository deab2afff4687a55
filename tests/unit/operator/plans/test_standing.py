"""What kstatus, people and columns read: Ready of what serves, Reconciling of work, Stalled of people."""

from dataclasses import replace
from typing import Any

import pytest

from sluice_operator.model import ProgressNote
from sluice_operator.plans import PLANNERS
from support.held import HeldStages, condition, jobs, key, kstatus, message
from support.quickstart import LABELS, Stages, deployment_spec, gate_spec, quickstart, run_spec
from support.simapi import Raw
from support.simcluster import SimCluster
from support.traffic import Traffic


def failing() -> Stages:
    stages = Stages()
    stages.verdict = lambda _: "Fail"
    return stages


@pytest.mark.parametrize(
    ("stages", "gate", "spec", "reason"),
    [
        (failing(), gate_spec(), {}, "DeploymentPromoteBlocked"),
        (Stages(), gate_spec(), {"promotion": {"policy": "Manual"}}, "ManualPromotion"),
        (Stages(), gate_spec(), {"gateRef": {"name": "nowhere"}}, "GateMissing"),
        (Stages(), gate_spec(approval={"required": True}), {}, "ApprovalNeeded"),
        (Stages(), gate_spec(), {"profile": "nowhere"}, "ProfileNotFound"),
    ],
)
def test_what_waits_for_a_person_is_stalled(stages: Stages, gate: Raw, spec: Raw, reason: str) -> None:
    cluster = quickstart(stages, gate)
    cluster.add("Deployment", "live", deployment_spec() | spec)
    cluster.settle()
    assert condition(cluster, "Deployment", "live", "Stalled") == ("True", reason)
    assert condition(cluster, "Deployment", "live", "Reconciling")[0] == "False"
    assert condition(cluster, "Deployment", "live", "Progressing")[1] != "UpToDate"
    assert kstatus(cluster, "Deployment", "live") == "Failed"


def test_nobody_works_while_there_is_no_candidate() -> None:
    cluster = quickstart()
    cluster.drop("TrainingRun", "good")
    cluster.settle()
    for kind, name in (("EvalGate", "gate"), ("Deployment", "live")):
        assert condition(cluster, kind, name, "Reconciling")[0] == "False"
        assert kstatus(cluster, kind, name) == "InProgress"
    assert condition(cluster, "Deployment", "live", "Progressing") == ("False", "NothingLive")


def test_a_gate_of_one_run_that_waits_for_an_approval_is_stalled() -> None:
    gate = gate_spec(approval={"required": True}) | {"candidates": {"trainingRunRef": {"name": "good"}}}
    cluster = quickstart(Stages(), gate)
    cluster.settle()
    assert condition(cluster, "EvalGate", "gate", "Stalled") == ("True", "ApprovalNeeded")


@pytest.mark.parametrize("change", ["delete", "fail"])
def test_a_gate_of_one_run_that_can_never_come_is_stalled(change: str) -> None:
    stages = HeldStages(failing={"train": (64, None, "loss_not_finite")} if change == "fail" else {})
    cluster = quickstart(stages, gate_spec() | {"candidates": {"trainingRunRef": {"name": "good"}}})
    if change == "delete":
        cluster.drop("TrainingRun", "good")
    cluster.settle()
    assert kstatus(cluster, "EvalGate", "gate") == "Failed"
    assert "TrainingRun good" in message(cluster, "EvalGate", "gate")


def test_a_selector_gate_with_a_failed_newest_candidate_stays_current() -> None:
    cluster = quickstart(failing())
    cluster.settle()
    assert kstatus(cluster, "EvalGate", "gate") == "Current"


def test_ready_speaks_of_what_serves_while_no_node_takes_the_candidate() -> None:
    world = Traffic()
    world.cluster.node.room = 1
    world.train("better", 2, settle=False)
    for _ in range(700):
        world.step()
        world.cluster.sleep(1)
    assert condition(world.cluster, "Deployment", "live", "Ready") == ("True", "Serving")
    assert condition(world.cluster, "Deployment", "live", "Available") == ("True", "Serving")
    assert condition(world.cluster, "Deployment", "live", "Progressing") == ("True", "Unschedulable")
    assert kstatus(world.cluster, "Deployment", "live") == "Current"
    assert world.status["phase"] == "Serving"


def test_ready_speaks_of_what_serves_while_suspended_and_without_a_profile() -> None:
    world = Traffic()
    world.edit(suspend=True)
    world.settle()
    assert condition(world.cluster, "Deployment", "live", "Ready") == ("True", "Serving")
    assert condition(world.cluster, "Deployment", "live", "Suspended") == ("True", "Suspended")
    world.edit(profile="nowhere")
    world.settle()
    assert condition(world.cluster, "Deployment", "live", "Ready") == ("True", "Serving")
    assert condition(world.cluster, "Deployment", "live", "Stalled") == ("True", "ProfileNotFound")
    assert world.status["phase"] == "Serving"


def test_after_a_rollback_a_model_that_passed_points_to_clear_rollback() -> None:
    world = Traffic()
    first = world.serves()
    world.train("better", 2)
    world.ask("rollback-to", str(first))
    assert world.condition("Progressing") == ("False", "CandidateRefused")
    told = message(world.cluster, "Deployment", "live", "Progressing")
    assert "was rolled back" in told
    assert "clear-rollback" in told


def phases(cluster: SimCluster, name: str) -> list[str]:
    """Phases in the order in which a watcher sees them."""
    seen: list[str] = []
    cluster.api.listeners.append(lambda change: _see(seen, change, name))
    cluster.settle()
    return seen


def _see(seen: list[str], change: Any, name: str) -> None:
    if (change.verb, change.kind, change.name) == ("status", "TrainingRun", name):
        phase = change.after["status"]["phase"]
        if not seen or seen[-1] != phase:
            seen.append(phase)


def test_phases_of_a_run_never_go_back() -> None:
    order = ["Pending", "Preparing", "Training", "Packaging", "Succeeded"]
    seen = [p for p in phases(quickstart(), "good") if p in order]
    assert seen == sorted(seen, key=order.index)
    assert seen[-1] == "Succeeded"


def test_attempts_are_those_of_the_stage_and_the_run_tells_how_long_and_how_well() -> None:
    cluster = quickstart()
    cluster.settle()
    status = cluster.objects["TrainingRun", "good"]["status"]
    assert (status["attempts"]["total"], status["attempts"]["current"]) == (3, 1)
    assert status["duration"].endswith("s")


def test_places_in_a_status_are_whole() -> None:
    cluster = quickstart()
    cluster.settle()
    run, gate = (cluster.objects[k]["status"] for k in (("TrainingRun", "good"), ("EvalGate", "gate")))
    pack = cluster.objects["DatasetPack", "train"]["status"]
    verdict = gate["verdicts"][0]
    for where in (run["artifact"], pack["manifest"], verdict["evidence"]):
        assert where["uri"].startswith("s3://sluice/team/")
    assert gate["headline"] == "exact_match 0.9"


def test_progress_stays_while_a_run_is_suspended() -> None:
    stages = HeldStages(held={"train"})
    cluster = quickstart(stages)
    cluster.settle(20)
    (job,) = jobs(cluster, "train")
    observed = cluster.observe(key("TrainingRun", "good"))
    assert observed is not None
    note = ProgressNote("u", job["metadata"]["name"], 30, 60, 100, cluster.now)
    plan = PLANNERS["TrainingRun"](replace(observed, progress=(note,)))
    assert plan.status is not None
    run = cluster.objects["TrainingRun", "good"]
    cluster.put("TrainingRun", {**run, "status": dict(plan.status)})
    cluster.add("TrainingRun", "good", {**run_spec(1), "suspend": True})
    cluster.settle(10)
    assert condition(cluster, "TrainingRun", "good", "Suspended")[0] == "True"
    assert cluster.objects["TrainingRun", "good"]["status"]["progress"]["percent"] == 50


def base(run: str) -> Raw:
    return {**run_spec(1), "baseModel": {"trainingRunRef": {"name": run}}}


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_runs_that_start_from_each_other_are_stalled_and_named(names: tuple[str, ...]) -> None:
    cluster = quickstart()
    for name, other in zip(names, (*names[1:], names[0]), strict=True):
        cluster.add("TrainingRun", name, base(other), LABELS)
    cluster.add("TrainingRun", "outside", base(names[0]), LABELS)
    cluster.settle()
    for name in (*names, "outside"):
        assert condition(cluster, "TrainingRun", name, "Stalled") == ("True", "ReferenceCycle")
        assert all(f"TrainingRun {n}" in message(cluster, "TrainingRun", name) for n in names)
        assert condition(cluster, "TrainingRun", name, "Finished")[0] == "False"


def test_a_gate_that_holds_for_the_deployment_that_it_feeds_is_a_cycle() -> None:
    delta = {"suite": "gold", "metric": "exact_match", "operator": "GreaterOrEqual", "value": "-0.1"}
    criteria = [gate_spec()["criteria"][0], delta | {"compare": "DeltaToBaseline"}]
    gate = gate_spec(criteria=criteria, baseline={"deploymentRef": {"name": "live"}, "whenAbsent": "Hold"})
    cluster = quickstart(Stages(), gate)
    cluster.settle()
    assert condition(cluster, "EvalGate", "gate", "Stalled") == ("True", "ReferenceCycle")
    assert "Deployment live" in message(cluster, "EvalGate", "gate")
