"""What a compute profile gives to stages: device, memory, scratch space. And what no stage could use.

The only place that knows which resource names mean CUDA.
"""

import re
from typing import Final, Literal

from sluice_api.contracts.requests import StageLimits
from sluice_operator.quantities import to_bytes
from sluice_operator.settings import ComputeProfile, Resources

Device = Literal["CPU", "CUDA"]

_CUDA: Final = re.compile(r"nvidia\.com/(gpu|mig-[0-9a-z.+-]+)(\.shared)?")
"""Whole GPUs and slices of one, also as time-slicing renames them."""
_ACCELERATOR: Final = re.compile(
    r"[^/]+/.*(gpu|cuda|mig-|[tnvdx]pu\b|i915|\bxe\b|gaudi|neuron|ascend|mlu|dcu).*", re.IGNORECASE
)
_SHARE: Final = re.compile(r"nvidia\.com/gpu(mem|mem-percentage|cores)")
"""Shares of a device that is counted as nvidia.com/gpu."""
GPUS_USED: Final = 1
"""GPUs that a stage computes on. More of them would be billed and idle."""


def device(profile: ComputeProfile) -> Device:
    """Where train and evaluate compute."""
    return "CUDA" if gpus(profile.resources) else "CPU"


def gpus(resources: Resources) -> int:
    """CUDA devices that a container gets."""
    return sum(count for name, count in _devices(resources).items() if _CUDA.fullmatch(name))


def device_memory(profile: ComputeProfile) -> int | None:
    """Memory that training may use: of the GPU by the profile's word, of the container otherwise."""
    if profile.memory_bytes is not None or device(profile) == "CUDA":
        return profile.memory_bytes
    return _limit(profile.resources, "memory")


def limits(profile: ComputeProfile) -> StageLimits:
    """Memory and scratch space of the Pods of all stages."""
    return StageLimits(
        memory=_limit(profile.resources, "memory"),
        disk=_limit(profile.resources, "ephemeral-storage"),
        cpu_memory=_limit(profile.cpu_resources, "memory"),
        cpu_disk=_limit(profile.cpu_resources, "ephemeral-storage"),
    )


def unusable(profile: ComputeProfile) -> str | None:
    """Why no stage that loads a model may run on this profile, or None."""
    named = f"profile {profile.name}"
    idle = _devices(profile.cpu_resources)
    if idle:
        return f"{named}: cpuResources give {_listed(idle)}, which their stages never use; leave it out"
    found = _devices(profile.resources)
    strange = {name: count for name, count in found.items() if not _CUDA.fullmatch(name)}
    if strange:
        return (
            f"{named}: resources give {_listed(strange)}, which nothing here computes on; stages use "
            "nvidia.com/gpu, a slice nvidia.com/mig-*, or processors alone"
        )
    if sum(found.values()) > GPUS_USED:
        return (
            f"{named}: resources give {_listed(found)}, and a stage computes on {GPUS_USED}: "
            "the others would be paid for and idle; use a profile with one"
        )
    return None


def _devices(resources: Resources) -> dict[str, int]:
    """Accelerators by name. A limit decides; a request alone stands for its limit."""
    given = {**resources.requests, **resources.limits}
    counts = {name: to_bytes(count) for name, count in given.items() if _is_accelerator(name)}
    return {name: count for name, count in counts.items() if count}


def _is_accelerator(name: str) -> bool:
    return bool(_ACCELERATOR.fullmatch(name)) and not _SHARE.fullmatch(name)


def _listed(devices: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(devices.items()))


def _limit(resources: Resources, name: str) -> int | None:
    """A limit in bytes; 0 is none, as Kubernetes reads it."""
    return (to_bytes(resources.limits[name]) or None) if name in resources.limits else None
