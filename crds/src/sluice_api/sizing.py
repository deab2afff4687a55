"""Memory of a training step in bytes, counted part by part from the model's shape.

Shared by preflight, which refuses what cannot fit, and by whoever shows the estimate. Formulas only: no model
is loaded, and a number that a formula needs is a field here, never a guess.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

_FLOAT32 = 4
_ADAM_STATES = 2
OVERHEAD_BYTES = 900_000_000
"""Interpreter, libraries and device context."""


@dataclass(frozen=True)
class ModelShape:
    """A decoder with rotary attention, grouped key and value heads, and a gated MLP."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int
    context: int
    tied_embeddings: bool

    @property
    def query_size(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_size

    @property
    def key_value_size(self) -> int:
        """Width of all key heads together, and of all value heads."""
        return self.key_value_heads * self.head_size

    @property
    def linears(self) -> Mapping[str, tuple[int, int]]:
        """Inputs and outputs of the linear layers of one block, by name."""
        h, i, q, kv = self.hidden, self.intermediate, self.query_size, self.key_value_size
        return {
            "q_proj": (h, q),
            "k_proj": (h, kv),
            "v_proj": (h, kv),
            "o_proj": (q, h),
            "gate_proj": (h, i),
            "up_proj": (h, i),
            "down_proj": (i, h),
        }

    @property
    def parameters(self) -> int:
        """Number of weights, biases left out."""
        block = sum(a * b for a, b in self.linears.values()) + 2 * self.hidden
        embeddings = self.vocabulary * self.hidden * (1 if self.tied_embeddings else 2)
        return self.layers * block + embeddings + self.hidden

    @property
    def largest_tensor(self) -> int:
        """Weights of the largest tensor: an embedding as a rule."""
        return max(self.vocabulary * self.hidden, *(a * b for a, b in self.linears.values()))

    def adapter_parameters(self, rank: int, targets: Collection[str] = ()) -> int:
        """Weights of a LoRA on the named layers; all of them when none is named."""
        return self.layers * rank * sum(a + b for a, b in self.targeted(targets))

    def targeted(self, targets: Collection[str]) -> list[tuple[int, int]]:
        """Shapes of the named linear layers; of all when none is named."""
        return [shape for name, shape in self.linears.items() if not targets or name in targets]


@dataclass(frozen=True)
class StepShape:
    """How one forward and backward pass is done."""

    micro_batch: int
    length: int
    compute_bytes: int
    """Bytes of a number in the forward pass: 4 in float32, 2 in bfloat16."""
    adapter_rank: int | None = None
    """None trains all weights."""
    adapter_targets: tuple[str, ...] = ()
    adapter_dropout: bool = False
    """An adapter with dropout keeps a copy of its input, and what it dropped, a byte each."""
    predicting: int | None = None
    """Most positions of a pass that carry loss and so need logits; None: all of them."""

    @property
    def tokens(self) -> int:
        """Tokens of one pass."""
        return self.micro_batch * self.length


@dataclass(frozen=True)
class StepMemory:
    """Bytes by what they are for."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    overhead: int = OVERHEAD_BYTES

    @property
    def total(self) -> int:
        """All of them."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.logits + self.overhead


def step_memory(model: ModelShape, step: StepShape) -> StepMemory:
    """Peak memory of a training step. What learns is float32, and so are its gradient and Adam's moments."""
    trained = (
        model.parameters
        if step.adapter_rank is None
        else model.adapter_parameters(step.adapter_rank, step.adapter_targets)
    )
    positions = step.tokens if step.predicting is None else min(step.predicting, step.tokens)
    return StepMemory(
        weights=_weights(model, step, trained),
        gradients=trained * _FLOAT32,
        optimizer=trained * _FLOAT32 * _ADAM_STATES,
        activations=step.tokens * model.layers * _block_bytes_per_token(model, step),
        logits=positions * model.vocabulary * (step.compute_bytes + 2 * _FLOAT32),
    )


def _weights(model: ModelShape, step: StepShape, trained: int) -> int:
    """Weights as they are held; a lower precision computes on a copy of what is trained."""
    lowered = step.compute_bytes < _FLOAT32
    if step.adapter_rank is None:
        return trained * (_FLOAT32 + (step.compute_bytes if lowered else 0))
    return model.parameters * step.compute_bytes + trained * _FLOAT32


def _block_bytes_per_token(model: ModelShape, step: StepShape) -> int:
    """What the backward pass of a block needs of the forward pass.

    Two norms, computed in float32; queries and keys before and after rotation, values and outputs; four
    tensors of the MLP; and the copies that adapters make of their inputs in a lower precision.
    """
    norms = 2 * model.hidden * (_FLOAT32 + step.compute_bytes)
    attention = 3 * model.query_size + 3 * model.key_value_size
    mlp = 4 * model.intermediate
    numbers = attention + mlp + 2 * model.hidden
    if step.adapter_rank is None:
        return norms + numbers * step.compute_bytes
    inputs = sum(wide for wide, _ in model.targeted(step.adapter_targets))
    numbers += inputs * ((step.compute_bytes < _FLOAT32) + step.adapter_dropout)
    return norms + numbers * step.compute_bytes + inputs * step.adapter_dropout
