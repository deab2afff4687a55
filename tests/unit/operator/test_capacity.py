"""Which resource names mean which device, and what no stage could use."""

from typing import Any

import pytest

from sluice_api.contracts.requests import StageLimits
from sluice_operator import capacity
from sluice_operator.settings import ComputeProfile


def profile(limits: dict[str, str], cpu: dict[str, str] | None = None, **more: Any) -> ComputeProfile:
    return ComputeProfile.parse(
        {
            "name": "p",
            "allowedNamespaces": ["*"],
            "resources": {"limits": limits},
            "cpuResources": {"limits": cpu or {}},
            **more,
        }
    )


@pytest.mark.parametrize(
    "name",
    ["nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb", "nvidia.com/mig-1g.10gb.shared",
     "nvidia.com/mig-1c.2g.20gb", "nvidia.com/mig-1g.10gb.me"],
)  # fmt: skip
def test_whole_gpus_and_slices_mean_cuda(name: str) -> None:
    one = profile({name: "1", "memory": "8Gi"})
    assert (capacity.device(one), capacity.gpus(one.resources), capacity.unusable(one)) == ("CUDA", 1, None)
    assert capacity.device_memory(one) is None, "the container's memory is not the GPU's"
    assert capacity.device_memory(profile({name: "1"}, memoryBytes=5)) == 5


@pytest.mark.parametrize(
    "limits",
    [{}, {"nvidia.com/gpu": "0"}, {"rdma/hca_shared_devices_a": "1"}, {"hugepages-2Mi": "1Gi"},
     {"vpc.amazonaws.com/efa": "1"}, {"ephemeral-storage": "1Gi"}],
)  # fmt: skip
def test_what_is_no_accelerator_means_processors(limits: dict[str, str]) -> None:
    one = profile({"memory": "2Gi", **limits})
    assert (capacity.device(one), capacity.unusable(one)) == ("CPU", None)
    assert capacity.device_memory(one) == 2 * 2**30


@pytest.mark.parametrize(
    "name",
    ["amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe", "google.com/tpu", "habana.ai/gaudi",
     "aws.amazon.com/neuroncore", "huawei.com/Ascend910", "cambricon.com/mlu", "aliyun.com/gpu-mem",
     "tencent.com/vcuda-core", "nvidia.com/pgpu", "intel.com/npu"],
)  # fmt: skip
def test_other_accelerators_are_refused_with_a_sentence(name: str) -> None:
    told = capacity.unusable(profile({name: "1"}))
    assert told is not None
    assert f"{name}: 1" in told
    assert "nvidia.com/gpu" in told
    assert capacity.device(profile({name: "1"})) == "CPU"


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"nvidia.com/gpu": "4"}, "nvidia.com/gpu: 4, and a stage computes on 1"),
        ({"nvidia.com/mig-1g.5gb": "2"}, "nvidia.com/mig-1g.5gb: 2, and"),
        (
            {"nvidia.com/gpu": "1", "nvidia.com/mig-1g.5gb": "1"},
            "nvidia.com/gpu: 1, nvidia.com/mig-1g.5gb: 1",
        ),
    ],
)
def test_gpus_that_nothing_uses_are_refused(limits: dict[str, str], told: str) -> None:
    assert told in (capacity.unusable(profile(limits)) or "")
    idle = capacity.unusable(profile({}, cpu=limits)) or ""
    assert "cpuResources" in idle


def test_shares_of_a_gpu_are_not_counted() -> None:
    assert capacity.unusable(profile({"nvidia.com/gpu": "1", "nvidia.com/gpumem": "8000"})) is None


def test_limits_are_those_of_both_kinds_of_pods() -> None:
    found = capacity.limits(
        profile(
            {"memory": "8G", "ephemeral-storage": "100Gi"}, cpu={"memory": "512Mi", "ephemeral-storage": "0"}
        )
    )
    assert found == StageLimits(memory=8 * 10**9, disk=100 * 2**30, cpu_memory=2**29)
    assert capacity.limits(profile({})) == StageLimits()
    assert capacity.limits(profile({"memory": "128849018880000m"})).memory == 128849018880
