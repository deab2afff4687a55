"""Each later stage against what its Pod is given, just under and just over."""

from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.contracts.requests import PrepareRequest
from sluice_api.errors import InputWrong
from sluice_api.hashing import digest_of
from sluice_api.sizing import ModelShape, StepShape, step_memory
from sluice_api.stagesizing import LaterStage, RunShape, StageNeeds, later_stages
from sluice_trainer.preflight.check import Check, refuse_blocked
from sluice_trainer.preflight.memory import Device
from sluice_trainer.preflight.stages import stage_checks

SHAPE = ModelShape(
    layers=2,
    hidden=64,
    intermediate=128,
    heads=4,
    key_value_heads=2,
    head_size=16,
    vocabulary=320,
    context=512,
    tied_embeddings=True,
)


def run(device: Device) -> RunShape:
    step = step_memory(SHAPE, StepShape(1, 128, 4, adapter_rank=16))
    return RunShape(SHAPE, step, step.gradients // 4, True, 2 * SHAPE.parameters, 10**6, 10**6, device)


def checks(limits: dict[str, int], device: Device = "CUDA", left: float | None = None) -> dict[str, Check]:
    request = PrepareRequest.parse(
        {
            "dataset": {"uri": "packs/x", "digest": digest_of("x")},
            "base": {"uri": "models/x"},
            "identity": "uid",
            "limits": limits,
            "device": device,
        }
    )
    return {check.name: check for check in stage_checks(run(device), request, left)}


def needs(stage: LaterStage) -> StageNeeds:
    return next(need for need in later_stages(run("CUDA")) if need.stage == stage)


CASES: list[tuple[LaterStage, str, str, str, reasons.Reason, str]] = [
    ("train", "memory", "memory", "blocked", reasons.DOES_NOT_FIT_MEMORY, "resources.limits.memory"),
    ("train", "disk", "disk", "blocked", reasons.DOES_NOT_FIT_DISK, "resources.limits.ephemeral-storage"),
    ("package", "memory", "cpuMemory", "blocked", reasons.DOES_NOT_FIT_MEMORY, "cpuResources.limits.memory"),
    ("package", "disk", "cpuDisk", "blocked", reasons.DOES_NOT_FIT_DISK, "cpuResources.limits.ephemeral"),
    ("evaluate", "memory", "memory", "warn", reasons.DOES_NOT_FIT_MEMORY, "resources.limits.memory"),
    ("evaluate", "disk", "disk", "warn", reasons.DOES_NOT_FIT_DISK, "resources.limits.ephemeral-storage"),
]


@pytest.mark.parametrize(("stage", "what", "field", "status", "reason", "told"), CASES)
def test_a_stage_is_refused_one_byte_above_what_its_pod_is_given(
    stage: LaterStage, what: str, field: str, status: str, reason: reasons.Reason, told: str
) -> None:
    needed = getattr(needs(stage), what)
    assert checks({field: needed})[f"{what}_{stage}"].status == "ok"
    check = checks({field: needed - 1})[f"{what}_{stage}"]
    assert (check.status, check.reason) == (status, reason if status == "blocked" else None)
    assert stage in check.message
    assert f"raise {told}" in check.message
    if status == "blocked":
        with pytest.raises(InputWrong) as refusal:
            refuse_blocked([check], "Open")
        assert refusal.value.reason is reason


def test_without_limits_memory_is_warned_of_and_disk_is_the_nodes() -> None:
    found = {name: check.status for name, check in checks({}).items()}
    assert found == {
        "memory_train": "warn",
        "memory_package": "warn",
        "memory_evaluate": "ok",
        "disk_train": "ok",
        "disk_package": "ok",
        "disk_evaluate": "ok",
        "time": "ok",
    }
    assert all(len(check.message) <= 120 for check in checks({}).values()), "they are shown whole"


def test_on_processors_the_training_step_is_checked_once() -> None:
    assert "memory_train" not in checks({"memory": 1}, "CPU")
    assert checks({"memory": 1}, "CPU")["memory_evaluate"].status == "warn"


@pytest.mark.parametrize(("left", "status"), [(None, "ok"), (60.0, "ok"), (-1.0, "warn")])
def test_a_deadline_that_no_hardware_can_keep_is_warned_of(left: Any, status: str) -> None:
    assert checks({}, left=left)["time"].status == status
