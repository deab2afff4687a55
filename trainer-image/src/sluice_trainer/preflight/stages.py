"""Do the stages after prepare fit into their Pods, and into the time that is left?

What would fail after the training is refused before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sluice_api import reasons
from sluice_api.contracts.requests import PrepareRequest, StageLimits
from sluice_api.stagesizing import LaterStage, RunShape, StageNeeds, later_stages
from sluice_trainer.preflight.check import Check, blocked, ok, warned
from sluice_trainer.preflight.memory import gib

_UNKNOWN: Final = "not given by the profile"


@dataclass(frozen=True)
class _Pod:
    """What the profile gives the Pods of a stage, and where it says so."""

    field: str
    memory: int | None
    disk: int | None


def stage_checks(run: RunShape, request: PrepareRequest, seconds_left: float | None) -> list[Check]:
    """Checks of all later stages, with memory first, because it is what most often lacks."""
    needs = later_stages(run)
    checks = [_memory(need, _pod(need.stage, request.limits)) for need in needs if not _is_step(need, run)]
    checks += [_disk(need, _pod(need.stage, request.limits)) for need in needs]
    return [*checks, _time(needs, seconds_left)]


def _is_step(need: StageNeeds, run: RunShape) -> bool:
    """On a processor the step's own check has said it."""
    return need.stage == "train" and run.device == "CPU"


def _pod(stage: LaterStage, limits: StageLimits) -> _Pod:
    if stage == "package":
        return _Pod("cpuResources", limits.cpu_memory, limits.cpu_disk)
    return _Pod("resources", limits.memory, limits.disk)


def _memory(need: StageNeeds, pod: _Pod) -> Check:
    """An evaluation may run on another profile, so it refuses nothing."""
    name, field = f"memory_{need.stage}", f"{pod.field}.limits.memory"
    if pod.memory is None and need.stage == "evaluate":
        return ok(name, need.memory, _UNKNOWN)
    if pod.memory is None:
        message = f"{need.stage} needs about {gib(need.memory)}, unchecked: the profile does not give {field}"
        return warned(name, need.memory, _UNKNOWN, message)
    if need.memory <= pod.memory:
        return ok(name, need.memory, pod.memory)
    message = (
        f"{need.stage} needs about {gib(need.memory)} of memory, the profile has {gib(pod.memory)}: "
        f"raise {field}"
    )
    if need.stage == "evaluate":
        return warned(name, need.memory, pod.memory, message)
    return blocked(name, need.memory, pod.memory, reasons.DOES_NOT_FIT_MEMORY, message)


def _disk(need: StageNeeds, pod: _Pod) -> Check:
    """Most profiles limit no scratch space; then the node's disk decides, which nobody knows."""
    name = f"disk_{need.stage}"
    if pod.disk is None or need.disk <= pod.disk:
        return ok(name, need.disk, _UNKNOWN if pod.disk is None else pod.disk)
    message = (
        f"{need.stage} needs about {gib(need.disk)} of scratch space, the profile has {gib(pod.disk)}: "
        f"raise {pod.field}.limits.ephemeral-storage"
    )
    if need.stage == "evaluate":
        return warned(name, need.disk, pod.disk, message)
    return blocked(name, need.disk, pod.disk, reasons.DOES_NOT_FIT_DISK, message)


def _time(needs: Iterable[StageNeeds], left: float | None) -> Check:
    """Even the fastest hardware needs so long; a run of its own has no evaluation."""
    needed = round(sum(need.seconds for need in needs if need.stage != "evaluate"), 1)
    if left is None or needed <= left:
        return ok("time", needed, "no deadline" if left is None else round(left))
    message = f"training takes {needed:g} s at least, {left:.0f} s are left: raise activeDeadlineSeconds"
    return warned("time", needed, round(left), message)
