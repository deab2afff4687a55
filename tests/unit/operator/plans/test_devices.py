"""The profile's devices and limits: what is refused before a Pod exists, and what preflight hears of."""

from typing import Any

import pytest

from sluice_api.contracts.envelope import Envelope
from support.quickstart import SETTINGS, Stages, quickstart
from support.simcluster import SimCluster

GPU = {"limits": {"nvidia.com/gpu": "1", "memory": "32Gi"}}
UNUSABLE: dict[str, dict[str, Any]] = {
    "four GPUs": {"resources": {"limits": {"nvidia.com/gpu": "4"}}},
    "two slices": {"resources": {"limits": {"nvidia.com/mig-1g.5gb": "2"}}},
    "another maker": {"resources": {"limits": {"amd.com/gpu": "1"}}},
    "a GPU for stages without one": {"resources": GPU, "cpuResources": GPU},
}


def cluster_with(profile: dict[str, Any], stages: Stages | None = None) -> SimCluster:
    cluster = quickstart(stages or Stages())
    offer(cluster, profile)
    return cluster


def offer(cluster: SimCluster, profile: dict[str, Any]) -> None:
    compute = SETTINGS.dump()["compute"]
    cluster.offer(compute=[compute[0] | profile, *compute[1:]])
    cluster.settle()


def stalled(cluster: SimCluster, kind: str, name: str) -> tuple[str, str]:
    conditions = cluster.objects[kind, name]["status"]["conditions"]
    found = next(c for c in conditions if c["type"] == "Stalled")
    return found["reason"], found["message"]


@pytest.mark.parametrize("profile", UNUSABLE.values(), ids=UNUSABLE)
def test_a_profile_with_devices_that_nothing_uses_starts_no_training(profile: dict[str, Any]) -> None:
    cluster = cluster_with(profile)
    for kind, name in (("TrainingRun", "good"), ("EvalGate", "gate")):
        reason, message = stalled(cluster, kind, name)
        assert reason == "ProfileUnsupported"
        assert "profile " in message
    assert not [j for j in cluster.of("Job") if "-train-" in j["metadata"]["name"]]
    assert cluster.objects["DatasetPack", "train"]["status"]["phase"] == "Ready", "a pack needs no device"

    offer(cluster, {"resources": GPU, "cpuResources": {}})
    assert cluster.objects["TrainingRun", "good"]["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize("name", ["nvidia.com/gpu", "nvidia.com/mig-1g.5gb"])
def test_preflight_hears_what_each_kind_of_pod_is_given(name: str) -> None:
    stages = Stages()
    cluster_with(
        {
            "resources": {"limits": {name: "1", "memory": "32Gi", "ephemeral-storage": "100Gi"}},
            "cpuResources": {"limits": {"memory": "16Gi"}},
        },
        stages,
    )
    (prepare, *_) = [e for e in stages.asked if e.stage == "prepare"]
    train = [e for e in stages.asked if e.stage == "train"]
    assert prepare.request["limits"] == {"memory": 32 * 2**30, "disk": 100 * 2**30, "cpuMemory": 16 * 2**30}
    assert "deviceMemoryBytes" not in prepare.request
    assert {device(e) for e in (prepare, *train)} == {"CUDA"}


def device(envelope: Envelope) -> str:
    return str(envelope.request["device"])
