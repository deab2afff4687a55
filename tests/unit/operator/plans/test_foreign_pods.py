"""A Job that ends by a Pod of somebody else: nothing that such a Pod says counts, and the work goes on."""

from collections.abc import Callable
from typing import Any

import pytest

from sluice_operator.model import Key
from support.held import HeldStages, condition, jobs, stage_records
from support.plaincopy import copied
from support.quickstart import quickstart
from support.simapi import NAMESPACE, Raw
from support.simcluster import SimCluster

RUN = Key(NAMESPACE, "TrainingRun", "good")


def other_image(pod: Raw) -> None:
    pod["spec"]["containers"][0]["image"] = "evil/image:1"


def other_owner(pod: Raw) -> None:
    pod["metadata"]["ownerReferences"][0]["uid"] = "uid-of-an-earlier-job"


def no_annotation(pod: Raw) -> None:
    pod["metadata"]["annotations"] = {}


def ended_by(cluster: SimCluster, stages: HeldStages, forge: Callable[[Raw], None], code: int) -> Raw:
    """The train Job, ended by a Pod that is not of it; what the real one would say is in its message."""
    stages.held.add("train")
    cluster.settle(60)
    (job,) = jobs(cluster, "train")
    stages.held.clear()
    before = copied(cluster.objects["Pod", f"{job['metadata']['name']}-pod"])
    if code:
        stages.failing["train"] = (code, None, "no_answer_tokens")
    cluster.node.play()
    stages.failing.clear()
    pod = copied(cluster.objects["Pod", f"{job['metadata']['name']}-pod"])
    assert pod["status"]["phase"] != before["status"]["phase"]
    forge(pod)
    cluster.put("Pod", pod)
    return job


@pytest.mark.parametrize("forge", [other_image, other_owner, no_annotation])
@pytest.mark.parametrize("code", [0, 64])
def test_S16_a_job_that_ended_without_a_pod_of_ours_is_a_lost_attempt(
    forge: Callable[[Raw], None], code: int
) -> None:
    stages = HeldStages()
    cluster = quickstart(stages)
    ended_by(cluster, stages, forge, code)
    cluster.settle(1)
    reason = "report_lost" if forge is other_owner else "foreign_pod"
    assert stage_records(cluster, "good", "train") == [("Interrupted", reason)]
    cluster.settle(200)
    assert condition(cluster, "TrainingRun", "good", "Finished") == ("True", "Trained")
    told = [outcome for outcome, _ in stage_records(cluster, "good", "train")]
    assert told == ["Interrupted", "Succeeded"]


def test_S16_a_forged_pod_next_to_ours_is_not_heard() -> None:
    stages = HeldStages()
    cluster = quickstart(stages)
    stages.held.add("train")
    cluster.settle(60)
    (job,) = jobs(cluster, "train")
    stages.held.clear()
    cluster.node.play()
    pod: dict[str, Any] = copied(cluster.objects["Pod", f"{job['metadata']['name']}-pod"])
    pod["metadata"] |= {"name": "forged", "uid": "uid-forged"}
    other_image(pod)
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = "{}"
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] = "2099-01-01T00:00:00Z"
    cluster.put("Pod", pod)
    cluster.settle(5)
    assert stage_records(cluster, "good", "train")[0] == ("Succeeded", "stage_succeeded")
