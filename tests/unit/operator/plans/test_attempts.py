"""How an attempt ends that no exit code ends: its Pods get nowhere, or somebody deletes its Job."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sluice_api import meta, reasons
from sluice_api.contracts.envelope import Report, ReportFailure
from sluice_api.contracts.requests import FetchRequest
from sluice_api.hashing import digest_of
from sluice_operator.children.jobs import Ask
from sluice_operator.model import Key, Meta, PodView
from sluice_operator.plans.ended import MOST_IN_VAIN, without_progress
from support.quickstart import SETTINGS, Stages, quickstart
from support.simapi import NAMESPACE, Raw
from support.simcluster import SimCluster

RUN = Key(NAMESPACE, "TrainingRun", "good")
START = datetime(2026, 1, 1, tzinfo=UTC)
ASK = Ask(
    stage="train",
    request=FetchRequest(artifact={"uri": "a", "digest": digest_of("a")}, destination="/model"),  # type: ignore[arg-type]
    profile=SETTINGS.compute[0],
    storage=SETTINGS.storage[0],
)
STEPS = st.none() | st.integers(0, 9)


def message(stage: str, request_hash: str, checkpoint: int | None) -> str:
    """The report of training that was asked to end."""
    reason = reasons.STOPPED_ON_REQUEST.code
    time = "2026-01-01T00:00:00Z"
    failure = ReportFailure(reason=reason, message="asked to end", checkpoint=checkpoint)
    report = Report(
        stage=stage,  # type: ignore[arg-type]
        request_hash=request_hash,
        failure=failure,
        started_at=time,
        finished_at=time,
    )
    return report.encode().decode()


def pod(number: int, checkpoint: int | None = None, **more: Any) -> PodView:
    """A Pod that was stopped, or disrupted before it could say anything."""
    told = message(ASK.stage, ASK.request_hash, checkpoint) if checkpoint is not None else ""
    ended = {"exit_code": 75} if told else {"disrupted": True}
    when = START + timedelta(seconds=number)
    metadata = Meta(f"p{number}", NAMESPACE, f"u{number}", "1", when)
    fields: dict[str, Any] = {"phase": "Failed", "finished_at": when, "termination_message": told}
    return PodView(metadata, "job", **(fields | ended | more))


@given(st.lists(STEPS, max_size=12))
def test_a_newer_checkpoint_resets_the_count(steps: list[int | None]) -> None:
    pods = tuple(pod(n, step) for n, step in enumerate(steps))
    furthest = max((s for s in steps if s is not None), default=0)
    assert without_progress((*pods, pod(99, furthest + 1)), ASK) == ()


@given(st.lists(STEPS, max_size=12))
def test_what_brings_nothing_new_adds_one(steps: list[int | None]) -> None:
    pods = tuple(pod(n, step) for n, step in enumerate(steps))
    before = without_progress(pods, ASK)
    for step in (None, 0, max((s for s in steps if s is not None), default=0)):
        assert without_progress((*pods, pod(99, step)), ASK) == (*before, pod(99, step))


@given(st.lists(STEPS, max_size=8), st.randoms(use_true_random=False))
def test_the_order_in_which_pods_are_listed_does_not_matter(steps: list[int | None], random: Any) -> None:
    pods = [pod(n, step) for n, step in enumerate(steps)]
    before = without_progress(tuple(pods), ASK)
    random.shuffle(pods)
    assert without_progress(tuple(pods), ASK) == before


def test_only_ignored_pods_that_were_not_deleted_count() -> None:
    drained = pod(4)
    others = (
        pod(1, phase="Running"),
        pod(2, disrupted=False, exit_code=70),
        pod(3, phase="Succeeded", exit_code=0, disrupted=False),
        replace(drained, meta=replace(drained.meta, deleting=True)),
    )
    assert without_progress(others, ASK) == ()


def test_a_report_about_another_request_tells_nothing() -> None:
    foreign = message("train", "0" * 64, 7)
    assert len(without_progress((pod(1, 0, termination_message=foreign),), ASK)) == 1


def at_training() -> tuple[SimCluster, Stages, str]:
    """The quickstart's run while its first train Job works, with the Job's name."""
    stages = Stages()
    cluster = quickstart(stages)
    for _ in range(40):
        for key in cluster.own():
            cluster.reconcile(key)
        found = [j["metadata"]["name"] for j in cluster.of("Job") if "good-train" in j["metadata"]["name"]]
        if found:
            return cluster, stages, found[0]
        cluster.play()
        cluster.sleep(2)
    raise AssertionError("no train Job")


def pod_of(job: Raw, suffix: str, status: Raw) -> Raw:
    """A Pod that the Job controller made."""
    metadata = job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}
    made = deepcopy(job["spec"]["template"]["metadata"])
    made |= {"name": f"{metadata['name']}-{suffix}", "namespace": NAMESPACE}
    made |= {"ownerReferences": [owner | {"controller": True}]}
    return {"metadata": made, "spec": job["spec"]["template"]["spec"], "status": status}


def stop_pods(cluster: SimCluster, job: str, checkpoints: tuple[int | None, ...]) -> None:
    """Pods that the Job controller has ignored, and the one that it started in their place."""
    found = cluster.objects["Job", job]
    request_hash = found["metadata"]["annotations"][meta.ANNOTATION_REQUEST_HASH]
    for number, checkpoint in enumerate(checkpoints):
        cluster.sleep(5)
        ended = {
            "exitCode": 75,
            "message": message("train", request_hash, checkpoint),
            "startedAt": cluster.stamp(),
            "finishedAt": cluster.stamp(),
        }
        status = {
            "phase": "Failed",
            "containerStatuses": [{"name": "stage", "state": {"terminated": ended}}],
        }
        cluster.put("Pod", pod_of(found, str(number), status))
    cluster.put("Pod", pod_of(found, "pod", {"phase": "Running"}))


def records(cluster: SimCluster, stage: str = "train") -> list[Raw]:
    found = [r["data"] for r in cluster.of("ControllerRevision") if r["data"].get("stage") == stage]
    return sorted(found, key=lambda r: r["attempt"])


def pass_once(cluster: SimCluster) -> list[tuple[str, str, str]]:
    """What one pass over the run writes."""
    cluster.writes.clear()
    cluster.reconcile(RUN)
    return list(cluster.writes)


def test_three_ignored_pods_without_a_newer_checkpoint_end_the_attempt() -> None:
    cluster, _, job = at_training()
    stop_pods(cluster, job, (10, 10, 10))
    assert pass_once(cluster) == []
    stop_pods(cluster, job, (10, 10, 10, None))
    assert pass_once(cluster) == [("create", "ControllerRevision", job)]
    (record,) = records(cluster)
    assert (record["outcome"], record["reason"], record["exitCode"]) == ("Failed", "no_progress", 70)
    assert pass_once(cluster) == [("delete", "Job", job)]
    cluster.settle()
    assert [r["outcome"] for r in records(cluster)] == ["Failed", "Succeeded"]
    assert cluster.objects["TrainingRun", "good"]["status"]["attempts"]["failed"] == 1


def test_pods_that_bring_the_run_further_are_left_alone() -> None:
    cluster, _, job = at_training()
    stop_pods(cluster, job, (10, 20, 20, 30, 30, 30))
    assert pass_once(cluster) == []


def test_getting_nowhere_uses_up_the_budget() -> None:
    cluster, _, job = at_training()
    for attempt in range(1, 5):
        name = f"{job.removesuffix('1')}{attempt}"
        stop_pods(cluster, name, (None, None, None))
        for _ in range(3):
            cluster.reconcile(RUN)
            cluster.api.collect()
            cluster.sleep(400)
    conditions = cluster.objects["TrainingRun", "good"]["status"]["conditions"]
    stalled = next(c for c in conditions if c["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "RetriesExhausted")
    assert not [j for j in cluster.of("Job") if "good-train" in j["metadata"]["name"]]


def orphan_pod(cluster: SimCluster, job: str) -> Raw:
    """The Job is deleted, and its Pod is still there."""
    left = pod_of(cluster.objects["Job", job], "pod", {"phase": "Running"})
    cluster.drop("Job", job)
    return cluster.put("Pod", left)


def test_a_deleted_job_is_an_attempt_and_the_next_one_waits_for_its_pods() -> None:
    cluster, _, job = at_training()
    left = orphan_pod(cluster, job)
    assert pass_once(cluster) == [("create", "ControllerRevision", job)]
    (record,) = records(cluster)
    assert (record["outcome"], record["reason"]) == ("Interrupted", "job_deleted")
    cluster.sleep(60)
    assert pass_once(cluster) == []
    cluster.drop("Pod", left["metadata"]["name"])
    assert pass_once(cluster) == [("create", "Job", f"{job.removesuffix('1')}2")]
    cluster.settle()
    attempts = cluster.objects["TrainingRun", "good"]["status"]["attempts"]
    assert (attempts["failed"], attempts["preempted"]) == (0, 1)


def test_a_job_that_is_being_deleted_is_an_attempt_too() -> None:
    cluster, _, job = at_training()
    found = deepcopy(cluster.objects["Job", job])
    found["metadata"]["deletionTimestamp"] = cluster.stamp()
    cluster.put("Job", found)
    assert pass_once(cluster) == [("create", "ControllerRevision", job)]
    cluster.sleep(60)
    assert pass_once(cluster) == []
    cluster.drop("Job", job)
    assert pass_once(cluster) == [("create", "Job", f"{job.removesuffix('1')}2")]


def test_a_deleted_job_without_a_trace_is_made_again() -> None:
    cluster, _, job = at_training()
    cluster.drop("Job", job)
    assert pass_once(cluster) == [("create", "Job", job)]


def test_a_namesakes_pods_are_waited_for_and_are_no_attempt_of_ours() -> None:
    cluster, _, job = at_training()
    left = deepcopy(orphan_pod(cluster, job))
    left["metadata"]["annotations"][meta.ANNOTATION_OWNER_UID] = "an-earlier-life"
    cluster.put("Pod", left)
    assert pass_once(cluster) == []
    cluster.drop("Pod", left["metadata"]["name"])
    assert pass_once(cluster) == [("create", "Job", job)]


def test_what_a_failed_stage_had_found_is_cited() -> None:
    cluster, _, job = at_training()
    found = cluster.objects["Job", job]
    evidence = {"uri": "train/x/y", "digest": digest_of("found")}
    request_hash = found["metadata"]["annotations"][meta.ANNOTATION_REQUEST_HASH]
    told = json.loads(message("train", request_hash, None))
    told["failure"] |= {"reason": reasons.LOSS_NOT_FINITE.code, "evidence": evidence}
    ended = {"exitCode": 64, "message": json.dumps(told), "finishedAt": cluster.stamp()}
    containers = [{"name": "stage", "state": {"terminated": ended}}]
    cluster.put("Pod", pod_of(found, "pod", {"phase": "Failed", "containerStatuses": containers}))
    failed = {"type": "Failed", "status": "True", "reason": "PodFailurePolicy"}
    cluster.put("Job", found | {"status": {"conditions": [failed]}})
    assert pass_once(cluster) == [("create", "ControllerRevision", job)]
    pass_once(cluster)
    assert records(cluster)[0]["evidence"] == evidence
    assert cluster.objects["TrainingRun", "good"]["status"]["failure"]["evidence"] == evidence | {
        "uri": "s3://sluice/team/train/x/y"
    }


def test_the_limit_is_three() -> None:
    assert MOST_IN_VAIN == 3
    assert json.loads(message("train", "0" * 64, 3))["failure"]["checkpoint"] == 3


def test_why_an_attempt_failed_is_told_although_no_time_is_left_for_another() -> None:
    cluster, _, job = at_training()
    found = cluster.objects["Job", job]
    started = cluster.stamp()
    cluster.sleep(10 * 86_400)
    ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": started, "finishedAt": cluster.stamp()}
    containers = [{"name": "stage", "state": {"terminated": ended}}]
    cluster.put(
        "Pod",
        pod_of(found, "pod", {"phase": "Failed", "startTime": started, "containerStatuses": containers}),
    )
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    cluster.put("Job", found | {"status": {"conditions": [failed]}})
    for _ in range(3):
        pass_once(cluster)
    status = cluster.objects["TrainingRun", "good"]["status"]
    [stalled] = (c for c in status["conditions"] if c["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", reasons.OUT_OF_MEMORY.camel)
    assert "was killed for memory; all attempts together ran for" in stalled["message"]
