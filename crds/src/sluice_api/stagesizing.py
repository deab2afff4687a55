"""What each stage after prepare needs: memory, disk, and the time that it takes at least.

Formulas only, as in `sizing`. Times are lower bounds by hardware that is faster than any: they show what can
never be done in time, and promise nothing.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sluice_api.sizing import OVERHEAD_BYTES, ModelShape, StepMemory

LaterStage = Literal["train", "package", "evaluate"]

SHARD_BYTES: Final = 1 << 30
"""Most bytes of a written weights file, and so of the tensors that merging holds at a time."""
_FLOAT32: Final = 4
_ADAM_STATES: Final = 2
_FASTEST: Final = {"CUDA": 2.5e15, "CPU": 1e13}
"""Operations a second that no device of the kind exceeds."""
_FASTEST_COPY: Final = 1e10
"""Bytes a second that no network and disk exceed."""


@dataclass(frozen=True)
class RunShape:
    """What decides the needs of a run's stages."""

    model: ModelShape
    step: StepMemory
    """Memory of a training step on its device."""
    trained: int
    """Weights that learn."""
    adapter: bool
    """Whether they are an adapter."""
    base_bytes: int
    """Weights of the base model, as files."""
    token_bytes: int
    """Files of the token shards."""
    tokens: int
    """Tokens that training passes over."""
    device: Literal["CPU", "CUDA"]

    @property
    def stored_bytes(self) -> int:
        """Bytes of a number in the base's files: 2 or 4."""
        return 2 if self.base_bytes < 3 * self.model.parameters else 4


@dataclass(frozen=True)
class StageNeeds:
    """Needs of one stage, in bytes and seconds."""

    stage: LaterStage
    memory: int
    """Of the Pod; a device's memory is apart."""
    disk: int
    seconds: float
    """At least."""


def later_stages(run: RunShape) -> tuple[StageNeeds, ...]:
    """Needs of the stages that follow prepare, in their order."""
    return _train(run), _package(run), _evaluate(run)


def _train(run: RunShape) -> StageNeeds:
    """On a GPU the Pod's memory holds the model once, on its way there."""
    learning = run.trained * _FLOAT32
    checkpoint = learning * (1 + _ADAM_STATES)
    width = _FLOAT32 if not run.adapter else run.stored_bytes
    host = run.model.parameters * width + OVERHEAD_BYTES
    operations = (4 if run.adapter else 6) * run.model.parameters * run.tokens
    return StageNeeds(
        stage="train",
        memory=run.step.total if run.device == "CPU" else host,
        # The newest checkpoint on its way to the store, the one that was resumed, and the result.
        disk=run.base_bytes + run.token_bytes + 2 * checkpoint + learning,
        seconds=operations / _FASTEST[run.device] + run.base_bytes / _FASTEST_COPY,
    )


def _package(run: RunShape) -> StageNeeds:
    """Merging holds a file's tensors twice while it writes them; loading back goes tensor by tensor."""
    largest = run.model.largest_tensor
    stored = run.model.parameters * run.stored_bytes
    group = min(stored, max(SHARD_BYTES, largest * run.stored_bytes))
    return StageNeeds(
        stage="package",
        memory=2 * group + 3 * largest * _FLOAT32 + OVERHEAD_BYTES,
        disk=run.base_bytes + run.trained * _FLOAT32 + stored,
        seconds=(run.base_bytes + stored) / _FASTEST_COPY,
    )


def _evaluate(run: RunShape) -> StageNeeds:
    """A processor computes in float32; on a GPU the model passes through the Pod's memory as it is stored."""
    width = _FLOAT32 if run.device == "CPU" else run.stored_bytes
    stored = run.model.parameters * run.stored_bytes
    return StageNeeds(
        stage="evaluate",
        memory=run.model.parameters * width + OVERHEAD_BYTES,
        disk=stored,
        seconds=stored / _FASTEST_COPY,
    )
