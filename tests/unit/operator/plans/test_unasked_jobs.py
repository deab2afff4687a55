"""Jobs whose request changed, whose object is suspended, or that hang: none goes on for nothing."""

import pytest

from sluice_operator.observe import unrecorded
from support.held import HeldStages, condition, jobs, key, stage_records
from support.quickstart import SETTINGS, gate_spec, quickstart, run_spec
from support.simcluster import SimCluster

CUDA = SETTINGS.compute[0].dump() | {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
QUEUED = SETTINGS.compute[0].dump() | {"queue": "team-queue"}


def held(stage: str, *, profile: dict[str, object] | None = None) -> tuple[SimCluster, HeldStages]:
    """The quickstart while Pods of one stage go on working."""
    stages = HeldStages(held={stage})
    cluster = quickstart(stages)
    if profile is not None:
        cluster.offer(compute=[profile])
    cluster.settle(30)
    return cluster, stages


def test_a_request_that_changes_while_it_trains_leaves_one_train_job_at_a_time() -> None:
    cluster, stages = held("train")
    (old,) = jobs(cluster, "train")
    most = 0

    def count(world: SimCluster) -> None:
        nonlocal most
        alive = [p for p in world.of("Pod") if "good-train" in p["metadata"]["name"]]
        working = {
            p["metadata"]["ownerReferences"][0]["name"] for p in alive if p["status"]["phase"] == "Running"
        }
        most = max(most, len({j["metadata"]["name"] for j in jobs(world, "train", active=True)} | working))

    cluster.watch = count
    cluster.offer(compute=[CUDA])
    cluster.settle(20)
    assert most == 1
    assert stage_records(cluster, "good", "train") == [("Interrupted", "request_changed")]
    assert old["metadata"]["name"] not in {j["metadata"]["name"] for j in jobs(cluster, "train")}
    stages.held.clear()
    cluster.settle()
    assert condition(cluster, "TrainingRun", "good", "Ready") == ("True", "Trained")


def test_an_evaluation_of_criteria_that_changed_ends_and_its_pods_are_not_read_for_ever() -> None:
    cluster, stages = held("evaluate")
    (old,) = jobs(cluster, "evaluate")
    spec = gate_spec()
    spec["suites"][0]["maxSamples"] = 200
    cluster.add("EvalGate", "gate", spec)
    cluster.settle(20)
    names = [j["metadata"]["name"] for j in jobs(cluster, "evaluate", active=True)]
    assert len(names) == 1
    assert names != [old["metadata"]["name"]]
    stages.held.clear()
    cluster.settle()
    for own in cluster.own():
        observed = cluster.observe(own)
        assert observed is not None
        assert unrecorded(observed.me) == ()


def test_a_job_that_ends_while_its_pack_is_gone_is_recorded_with_its_result() -> None:
    cluster, stages = held("train")
    cluster.drop("DatasetPack", "train")
    cluster.settle(5)
    stages.held.clear()
    cluster.settle(10)
    assert stage_records(cluster, "good", "train") == [("Succeeded", "stage_succeeded")]
    assert condition(cluster, "TrainingRun", "good", "Ready") == ("False", "ReferenceNotFound")


@pytest.mark.parametrize("stage", ["prepare", "train", "package", "evaluate", "judge", "verify"])
def test_every_job_has_a_deadline(stage: str) -> None:
    cluster, _ = held(stage)
    assert all(j["spec"]["activeDeadlineSeconds"] > 0 for j in cluster.of("Job"))
    assert jobs(cluster, stage)


def test_a_stage_that_hangs_past_its_limit_is_tried_again_and_says_so() -> None:
    cluster, _ = held("judge")
    (job,) = jobs(cluster, "judge")
    name = job["metadata"]["name"]
    pod = cluster.objects["Pod", f"{name}-pod"]
    ended = {"exitCode": 137, "finishedAt": cluster.stamp(), "startedAt": cluster.stamp()}
    status = {
        "phase": "Failed",
        "conditions": pod["status"]["conditions"],
        "containerStatuses": [{"name": "stage", "state": {"terminated": ended}}],
    }
    cluster.put("Pod", pod | {"status": status})
    failed = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "too long"}
    cluster.put("Job", job | {"status": {"conditions": [failed | {"lastTransitionTime": cluster.stamp()}]}})
    cluster.settle(4)
    assert stage_records(cluster, "gate", "judge") == [("Failed", "stage_timed_out")]


def admit(cluster: SimCluster) -> None:
    """The queue lets every Job in."""
    for job in cluster.of("Job"):
        if job["spec"].get("suspend"):
            cluster.put("Job", job | {"spec": {**job["spec"], "suspend": False}})


def queued() -> tuple[SimCluster, HeldStages]:
    """The quickstart in a queue that has not let training in yet."""
    cluster, stages = held("train", profile=QUEUED)
    while not jobs(cluster, "train"):
        admit(cluster)
        cluster.settle(4)
    return cluster, stages


def test_suspended_means_that_no_pod_runs_also_when_a_queue_owns_the_job() -> None:
    cluster, stages = queued()
    (job,) = jobs(cluster, "train")
    admit(cluster)
    cluster.settle(4)
    assert cluster.get("Pod", f"{job['metadata']['name']}-pod") is not None
    cluster.add("TrainingRun", "good", {**run_spec(1), "suspend": True})
    cluster.settle(10)
    assert jobs(cluster, "train", active=True) == []
    assert not [p for p in cluster.of("Pod") if "good-train" in p["metadata"]["name"]]
    assert condition(cluster, "TrainingRun", "good", "Suspended") == ("True", "Suspended")
    cluster.add("TrainingRun", "good", run_spec(1))
    cluster.settle(4)
    assert len(jobs(cluster, "train", active=True)) == 1
    assert stage_records(cluster, "good", "train") == [("Interrupted", "suspended")]
    assert stages.held == {"train"}


def test_it_is_not_suspended_while_a_pod_still_ends() -> None:
    cluster, _ = held("train")
    cluster.add("TrainingRun", "good", {**run_spec(1), "suspend": True})
    cluster.reconcile(key("TrainingRun", "good"))
    assert condition(cluster, "TrainingRun", "good", "Suspended") == ("False", "NotSuspended")
    assert condition(cluster, "TrainingRun", "good", "Reconciling") == ("True", "Suspended")


def test_a_profile_that_loses_its_queue_releases_no_job_that_the_queue_holds() -> None:
    cluster, _ = queued()
    cluster.offer(compute=[SETTINGS.compute[0].dump()])
    cluster.settle(6)
    (job,) = jobs(cluster, "train")
    assert job["spec"]["suspend"] is True
