"""Causes that lie outside of a stage: what the cluster refuses, what is missing, whose bytes are damaged."""

from dataclasses import replace
from typing import Any

import pytest

from sluice_api import reasons
from sluice_operator.plans.pods import describe_pods
from support.held import HeldStages, condition, jobs, kstatus, message
from support.quickstart import pack_spec, quickstart
from support.simcluster import SimCluster
from unit.operator.plans.test_attempts import pod

QUOTA = 'Error creating: pods "x" is forbidden: exceeded quota: team, requested: pods=1, limited: pods=1'


def refused(cluster: SimCluster, note: str) -> None:
    """The Job controller cannot make a Pod of the run's first Job."""
    for job in jobs(cluster, "prepare"):
        uid = job["metadata"]["uid"]
        cluster.drop("Pod", f"{job['metadata']['name']}-pod")
        event = {"reason": "FailedCreate", "note": note, "deprecatedLastTimestamp": cluster.stamp()}
        cluster.operator.client.warnings[uid] = [event]


def test_what_keeps_the_pod_of_a_job_out_is_told() -> None:
    stages = HeldStages()
    cluster = quickstart(stages)
    cluster.node.steps = 0
    for _ in range(12):
        for own in cluster.own():
            cluster.reconcile(own)
        if jobs(cluster, "prepare"):
            break
        cluster.play()
        cluster.sleep(2)
    refused(cluster, QUOTA)
    cluster.sleep(20)
    for own in cluster.own():
        cluster.reconcile(own)
    assert condition(cluster, "TrainingRun", "good", "Ready") == ("False", "PodRefused")
    assert "exceeded quota: team" in message(cluster, "TrainingRun", "good")
    assert condition(cluster, "TrainingRun", "good", "Reconciling")[0] == "True"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'secret "sluice-s3" not found',
            "create Secret sluice-s3 in namespace team with keys AWS",
        ),
        (
            "couldn't find key AWS_SECRET_ACCESS_KEY in Secret team/sluice-s3",
            "give Secret sluice-s3 in namespace team the key AWS_SECRET_ACCESS_KEY",
        ),
    ],
)
def test_a_missing_secret_is_named_with_its_namespace_and_keys(said: str, told: str) -> None:
    waiting: dict[str, Any] = {"waiting_reason": "CreateContainerConfigError", "waiting_message": said}
    found = replace(pod(1, phase="Pending", finished_at=None, disrupted=False), scheduled=True, **waiting)
    reason, sentence = describe_pods((found,))
    assert reason is reasons.SECRET_MISSING
    assert told in sentence


def test_a_pack_on_a_missing_config_map_or_key_starts_no_job_and_goes_on_once_it_is_there() -> None:
    cluster = quickstart()
    spec = pack_spec("train")
    spec["sources"][0]["locator"] = "configmap:rows/train.jsonl"
    cluster.drop("DatasetPack", "train")
    cluster.add("DatasetPack", "train", spec)
    cluster.settle(20)
    assert not [j for j in jobs(cluster, "pack") if j["metadata"]["name"].startswith("train-")]
    assert condition(cluster, "DatasetPack", "train", "Stalled") == ("True", "ReferenceNotFound")
    assert condition(cluster, "DatasetPack", "train", "Finished")[0] == "False"
    told = message(cluster, "DatasetPack", "train")
    assert "ConfigMap rows does not exist, in namespace team" in told
    cluster.operator.client.config_maps["rows"] = {"other.jsonl": "{}"}
    cluster.sleep(60)
    cluster.settle(20)
    assert "ConfigMap rows has no key train.jsonl" in message(cluster, "DatasetPack", "train")
    assert not [j for j in jobs(cluster, "pack") if j["metadata"]["name"].startswith("train-")]
    cluster.operator.client.config_maps["rows"] = {"train.jsonl": "{}"}
    cluster.sleep(60)
    cluster.settle()
    assert condition(cluster, "DatasetPack", "train", "Ready") == ("True", "Packed")


class Damaged(HeldStages):
    """Prepare finds that the pack's bytes are not those that were written."""

    is_damaged = True

    def __call__(self, envelope: Any) -> Any:
        if envelope.stage == "prepare" and self.is_damaged:
            self.asked.append(envelope)
            return 64, None, "artifact_digest_mismatch"
        return super().__call__(envelope)


def test_a_damaged_pack_says_so_and_the_run_names_it() -> None:
    stages = Damaged()
    cluster = quickstart(stages)
    cluster.node.told = lambda e, reason: f"{e.request['dataset']['uri']}/rows.parquet: expected a, found b"
    cluster.settle()
    told = message(cluster, "TrainingRun", "good")
    assert "DatasetPack train is damaged" in told
    assert "re-create the run" not in told
    assert condition(cluster, "TrainingRun", "good", "Finished")[0] == "False"
    assert condition(cluster, "DatasetPack", "train", "Ready") == ("False", "ArtifactDigestMismatch")
    assert "delete DatasetPack train and create it again" in message(cluster, "DatasetPack", "train")
    assert kstatus(cluster, "DatasetPack", "gold") == "Current"
    stages.is_damaged = False
    cluster.drop("DatasetPack", "train")
    spec = pack_spec("train")
    cluster.add("DatasetPack", "train", spec)
    cluster.settle()
    assert condition(cluster, "DatasetPack", "train", "Ready") == ("True", "Packed")
    assert condition(cluster, "Deployment", "live", "Ready") == ("True", "Serving")
