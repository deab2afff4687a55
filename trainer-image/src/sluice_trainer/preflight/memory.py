"""Does a training step fit into the device's memory? Counted in bytes by `sluice_api.sizing`."""

from typing import Literal

from sluice_api import reasons
from sluice_api.contracts.requests import PrepareRequest, TrainRequest
from sluice_api.sizing import ModelShape, StepMemory, StepShape, step_memory
from sluice_trainer.preflight.check import Check, blocked, ok, warned

Device = Literal["CPU", "CUDA"]


def memory_needed(
    shape: ModelShape, request: PrepareRequest | TrainRequest, answers_per_pack: int | None
) -> StepMemory:
    """Memory of a step of this request, with at most `answers_per_pack` answer tokens in a sequence."""
    hyper, adapter = request.hyperparameters, request.adapter
    lowered = hyper.precision == "BFloat16" or (hyper.precision == "Auto" and request.device == "CUDA")
    return step_memory(
        shape,
        StepShape(
            micro_batch=hyper.micro_batch_size,
            length=hyper.sequence_length,
            compute_bytes=2 if lowered else 4,
            adapter_rank=adapter.rank if adapter.type == "LoRA" else None,
            adapter_targets=tuple(name.rpartition(".")[2] for name in adapter.target_modules),
            adapter_dropout=float(adapter.dropout) > 0,
            predicting=None if answers_per_pack is None else answers_per_pack * hyper.micro_batch_size,
        ),
    )


def fits_memory(
    needed: StepMemory, available: int | None, device: Device, giver: str = "the profile"
) -> Check:
    """Blocked when the estimate is above what there is; an unknown size is warned of."""
    if available is None:
        return warned("memory", needed.total, "not given by the profile", _unknown(device, needed.total))
    if needed.total <= available:
        return ok("memory", needed.total, available)
    parts = ", ".join(
        f"{name} {gib(size)}"
        for name, size in (
            ("weights", needed.weights),
            ("gradients and optimizer", needed.gradients + needed.optimizer),
            ("activations", needed.activations),
            ("logits", needed.logits),
        )
    )
    message = f"a training step needs about {gib(needed.total)} ({parts}), {giver} has {gib(available)}"
    return blocked("memory", needed.total, available, reasons.DOES_NOT_FIT_MEMORY, message)


def _unknown(device: Device, needed: int) -> str:
    wanted = "memoryBytes of its GPU" if device == "CUDA" else "resources.limits.memory"
    return f"training needs about {gib(needed)}, unchecked: the profile does not give {wanted}"


def gib(size: float) -> str:
    """A size for people."""
    return f"{size / 1024**3:.1f} GiB"
