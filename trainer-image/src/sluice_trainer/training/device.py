"""What the hardware offers to training: device, number type, threads, memory, peak speed.

Decisions about the model or the data never belong here.
"""

import os
import resource
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Literal

import torch

from sluice_api import reasons
from sluice_api.errors import DependencyUnavailable

Precision = Literal["Auto", "Float32", "BFloat16"]

_CGROUPS = Path("/sys/fs/cgroup")
_PEAK_BFLOAT16: Mapping[str, float] = {
    "A100": 312e12,
    "L40S": 362e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "H200": 989e12,
    "B200": 2250e12,
}
"""Dense peak in FLOP/s by the makers' data sheets; the first name that occurs in the device's is taken."""


def open_device(kind: Literal["CPU", "CUDA"]) -> torch.device:
    """The device that the request asks for. Raises DependencyUnavailable when this node lacks it."""
    if kind == "CPU":
        torch.set_num_threads(usable_cpus())
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise DependencyUnavailable(
            reasons.DEPENDENCY_UNAVAILABLE,
            "the profile says CUDA, but this Pod sees no such device: check its resources and the driver",
        )
    torch.backends.cuda.matmul.allow_tf32 = False
    return torch.device("cuda")


def compute_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Number type of the forward and backward pass. Auto: bfloat16 on CUDA, float32 on CPU."""
    if precision == "Auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return torch.float32 if precision == "Float32" else torch.bfloat16


def usable_cpus(cgroups: Path = _CGROUPS) -> int:
    """CPUs that this process may keep busy: those it may run on, less what a container's quota leaves over.

    Threads beyond the quota are throttled all at once, which makes a step slower than fewer threads would.
    """
    quota = _cpu_quota(cgroups)
    seen = len(os.sched_getaffinity(0))
    return seen if quota is None else max(1, min(seen, ceil(quota)))


def _cpu_quota(cgroups: Path) -> float | None:
    """CPUs of the quota, by control groups of version 2, then 1; None when there is none."""
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            words = " ".join((cgroups / name).read_text() for name in files).split()
        except OSError:
            continue
        limited = words[0].isdigit() and int(words[0]) > 0
        return int(words[0]) / int(words[1]) if limited else None
    return None


def free_memory_bytes(device: torch.device) -> int | None:
    """Memory of a GPU, or of the slice of one that this Pod has, that nobody uses yet; None on CPU."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def host_memory_bytes(cgroups: Path = _CGROUPS) -> int:
    """Memory that this Pod may use: the container's limit, or all that the machine has."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limit = (cgroups / name).read_text().strip()
        except OSError:
            continue
        return min(int(limit), machine) if limit.isdigit() else machine
    return machine


def peak_memory_bytes(device: torch.device) -> int:
    """Most memory used so far: of the device, or of the process on CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def peak_flops(device: torch.device, dtype: torch.dtype) -> float | None:
    """FLOP/s that utilisation is measured against; None where no data sheet says it, as on CPU."""
    if device.type != "cuda" or dtype is not torch.bfloat16:
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in _PEAK_BFLOAT16.items() if part in name), None)
