"""Does a training step fit into the device's memory? Counted in bytes by `sluice_api.sizing`."""

from sluice_api import reasons
from sluice_api.contracts.requests import PrepareRequest
from sluice_api.sizing import ModelShape, StepMemory, StepShape, step_memory
from sluice_trainer.preflight.check import Check, blocked, ok


def memory_needed(shape: ModelShape, request: PrepareRequest, answers_per_pack: int) -> StepMemory:
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
            predicting=answers_per_pack * hyper.micro_batch_size,
        ),
    )


def fits_memory(needed: StepMemory, available: int | None) -> Check:
    """Blocked when the estimate is above what the profile has; without a number nothing is known."""
    if available is None:
        return ok("memory", needed.total, "not given by the profile")
    if needed.total <= available:
        return ok("memory", needed.total, available)
    parts = ", ".join(
        f"{name} {_gib(size)}"
        for name, size in (
            ("weights", needed.weights),
            ("gradients and optimizer", needed.gradients + needed.optimizer),
            ("activations", needed.activations),
            ("logits", needed.logits),
        )
    )
    message = f"a training step needs about {_gib(needed.total)} ({parts}), the profile has {_gib(available)}"
    return blocked("memory", needed.total, available, reasons.DOES_NOT_FIT_MEMORY, message)


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB"
