"""Attention among packed documents that never see each other, as the model library asks for it.

Each document attends within itself. A block mask over the whole row would cost time and memory by the square
of the row, and would lose the fast kernels. How it is computed stands in `kernels.py`.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AttentionInterface, PretrainedConfig

from sluice_trainer.training.kernels import attend, checked

DOCUMENTS = "sluice_documents"
MASKED = "sdpa"
"""The fallback: the library builds the block mask from position ids that start again at each document."""

_UNUSUAL = ("attn_logit_softcapping", "attention_chunk_size")


def implementation_for(config: PretrainedConfig) -> str:
    """DOCUMENTS for models whose every layer has plain causal attention, else MASKED."""
    text = config.get_text_config()
    layers = set(getattr(text, "layer_types", None) or ["full_attention"])
    slides = getattr(text, "sliding_window", None) and getattr(text, "use_sliding_window", True)
    plain = layers == {"full_attention"} and not slides
    return DOCUMENTS if plain and not any(getattr(text, name, None) for name in _UNUSUAL) else MASKED


def attend_within_documents(
    _module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    document_lengths: Sequence[int] = (),
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of one row of documents, each of which sees itself only, up to its present token.

    Raises ValueError without lengths that add up to the row: documents would see each other.
    """
    if attention_mask is not None:
        raise ValueError(f"{DOCUMENTS} takes no attention mask: rows are packed, never padded")
    lengths = checked(document_lengths, query.shape[2])
    return attend(query, key, value, lengths, scaling, dropout), None


AttentionInterface.register(DOCUMENTS, attend_within_documents)
