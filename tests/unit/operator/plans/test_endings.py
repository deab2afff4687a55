"""What is over for ever, what goes on by itself, and what each says about it."""

import pytest

from sluice_api import reasons
from sluice_operator.model import Key
from support.held import HeldStages, condition, jobs, kstatus, message, stage_records
from support.quickstart import SETTINGS, pack_spec, quickstart, run_spec
from support.simapi import NAMESPACE
from support.simcluster import SimCluster

RUN = Key(NAMESPACE, "TrainingRun", "good")


def settled(stages: HeldStages, rounds: int = 60) -> SimCluster:
    cluster = quickstart(stages)
    cluster.settle(rounds)
    return cluster


def test_a_profile_that_is_missing_finishes_nothing() -> None:
    cluster = quickstart(HeldStages())
    cluster.add("TrainingRun", "good", {**run_spec(1), "profile": "nowhere"})
    cluster.settle()
    for name, reason in (("good", "ProfileNotFound"),):
        assert condition(cluster, "TrainingRun", name, "Finished") == ("False", reason)
        assert condition(cluster, "TrainingRun", name, "Succeeded") == ("Unknown", reason)
        assert cluster.objects["TrainingRun", name]["status"]["phase"] == "Stalled"
    cluster.offer(compute=[*SETTINGS.dump()["compute"], SETTINGS.compute[0].dump() | {"name": "nowhere"}])
    cluster.settle()
    assert condition(cluster, "TrainingRun", "good", "Finished") == ("True", "Trained")


def test_finished_stays_finished_whatever_becomes_of_profile_and_pack() -> None:
    cluster = settled(HeldStages(failing={"train": (64, None, "loss_not_finite")}))
    assert condition(cluster, "TrainingRun", "good", "Finished") == ("True", "LossNotFinite")
    assert cluster.objects["TrainingRun", "good"]["status"]["phase"] == "Failed"
    cluster.drop("DatasetPack", "train")
    cluster.offer(compute=[])
    cluster.settle()
    assert condition(cluster, "TrainingRun", "good", "Finished") == ("True", "LossNotFinite")


def test_a_used_up_budget_is_over_for_ever() -> None:
    cluster = settled(HeldStages(failing={"train": (70, None, "stage_crashed")}), 400)
    assert condition(cluster, "TrainingRun", "good", "Finished") == ("True", "RetriesExhausted")
    assert kstatus(cluster, "TrainingRun", "good") == "Failed"


def test_a_raised_deadline_lets_the_run_go_on() -> None:
    stages = HeldStages(failing={"train": (72, None, "deadline_exceeded")})
    cluster = settled(stages)
    told = message(cluster, "TrainingRun", "good")
    assert condition(cluster, "TrainingRun", "good", "Stalled") == ("True", "DeadlineExceeded")
    assert condition(cluster, "TrainingRun", "good", "Finished") == ("False", "DeadlineExceeded")
    assert "spec.activeDeadlineSeconds was 86400" in told
    assert "there is no checkpoint" in told
    cluster.add("TrainingRun", "good", {**run_spec(1), "activeDeadlineSeconds": 86_400})
    cluster.settle(10)
    assert len(stage_records(cluster, "good", "train")) == 1
    stages.failing.clear()
    cluster.add("TrainingRun", "good", {**run_spec(1), "activeDeadlineSeconds": 90_000})
    cluster.settle()
    assert condition(cluster, "TrainingRun", "good", "Finished") == ("True", "Trained")


def test_running_out_of_time_does_not_use_the_budget() -> None:
    stages = HeldStages(failing={"train": (72, None, "deadline_exceeded")})
    cluster = settled(stages)
    for step in range(5):
        cluster.add("TrainingRun", "good", {**run_spec(1), "activeDeadlineSeconds": 90_000 + step})
        cluster.settle(20)
    assert len(stage_records(cluster, "good", "train")) == 6
    assert condition(cluster, "TrainingRun", "good", "Stalled") == ("True", "DeadlineExceeded")


def test_what_comes_back_by_itself_is_not_failed_and_keeps_one_job() -> None:
    stages = HeldStages(failing={"pack": (69, None, "storage_unavailable")})
    cluster = quickstart(stages)
    for _ in range(30):
        cluster.settle(10)
        cluster.sleep(300)
    for _ in range(20):
        cluster.settle(1)
        if cluster.objects["DatasetPack", "train"]["status"]["phase"] == "Waiting":
            break
    assert condition(cluster, "DatasetPack", "train", "Reconciling")[0] == "True"
    assert reasons.STORAGE_UNAVAILABLE.next_step in message(cluster, "DatasetPack", "train")
    mine = [j for j in jobs(cluster, "pack") if j["metadata"]["name"].startswith("train-")]
    assert len(mine) <= 2


@pytest.mark.parametrize("broken", [{"pack": (64, None, "too_few_rows")}])
def test_a_run_on_a_refused_pack_is_stalled_and_names_the_cause(broken: dict[str, object]) -> None:
    cluster = settled(HeldStages(failing=broken))  # type: ignore[arg-type]
    assert kstatus(cluster, "TrainingRun", "good") == "Failed"
    assert condition(cluster, "TrainingRun", "good", "Finished")[0] == "False"
    assert "DatasetPack train failed (TooFewRows)" in message(cluster, "TrainingRun", "good")
    assert kstatus(cluster, "EvalGate", "gate") == "Failed"
    assert "DatasetPack gold failed (TooFewRows)" in message(cluster, "EvalGate", "gate")


def test_a_run_goes_on_when_the_refused_pack_is_created_again() -> None:
    stages = HeldStages(failing={"pack": (64, None, "too_few_rows")})
    cluster = settled(stages)
    stages.failing.clear()
    for name, purpose in (("train", "Train"), ("gold", "Evaluation")):
        cluster.drop("DatasetPack", name)
        cluster.add("DatasetPack", name, pack_spec(name, purpose))
    cluster.settle()
    assert condition(cluster, "Deployment", "live", "Ready") == ("True", "Serving")


def test_an_artifact_from_the_future_counts_from_when_its_job_ended() -> None:
    stages = HeldStages()
    cluster = quickstart(stages)
    stages.clock = lambda: "2031-01-01T00:00:00Z"
    cluster.settle()
    status = cluster.objects["TrainingRun", "good"]["status"]
    assert status["artifact"]["completedAt"].startswith("2026-01-01T00:")
    assert any("2031-01-01T00:00:00Z" in warning for warning in status["warnings"])
    told = [t.note.reason.camel for t in cluster.operator.recorder.told]
    assert told.count("ClockSkewed") == 1
    stages.clock = cluster.stamp
    cluster.sleep(60)
    cluster.add("TrainingRun", "better", run_spec(2), {"task": "triage"})
    cluster.settle()
    assert cluster.objects["Deployment", "live"]["status"]["active"]["runRef"]["name"] == "better"
