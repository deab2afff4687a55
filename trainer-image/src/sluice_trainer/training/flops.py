"""Floating-point operations of a step, for the utilisation of a device (MFU, arXiv:2204.02311).

Operations that a perfect program would need are counted, never those that a trick repeats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ModelSize:
    """What decides the work of a token."""

    linear_parameters: int
    """Weights of the linear layers, without embedding and head."""
    head_parameters: int
    """Vocabulary times width."""
    layers: int
    attention_width: int
    """Query heads times their width."""

    @classmethod
    def of(cls, config: Any, linear_parameters: int) -> "ModelSize":
        """Sizes by a model's configuration."""
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return cls(
            linear_parameters=linear_parameters,
            head_parameters=config.vocab_size * config.hidden_size,
            layers=config.num_hidden_layers,
            attention_width=config.num_attention_heads * width,
        )


def step_flops(size: ModelSize, document_lengths: Sequence[int], predicted: int, lora: bool) -> float:
    """Work of a step over documents with causal attention; the head works on predicted tokens only.

    The backward pass costs twice the forward pass. Frozen weights need no gradient, which leaves once the
    forward pass: LoRA costs two thirds of a full fine-tune.
    """
    tokens = sum(document_lengths)
    pairs = sum(n * n for n in document_lengths) / 2
    attention = 4 * size.attention_width * size.layers * pairs
    forward = 2 * size.linear_parameters * tokens + 2 * size.head_parameters * predicted + attention
    return forward * (2 if lora else 3)
