"""Three ways to compute the same attention among packed documents that never see each other.

Queries, keys and values have the shape (1, heads, tokens, size); the result is (1, tokens, heads, size).
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

import torch
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention

Lengths = tuple[int, ...]
_MOST_MASKED = 4096
"""Tokens of a row up to which a mask of its square is small."""
_HALF = (torch.float16, torch.bfloat16)


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    lengths: Lengths,
    scaling: float | None,
    dropout: float,
) -> torch.Tensor:
    """The fastest way on this device. A processor loses nothing by a call per document, a GPU much."""
    if query.is_cuda and dropout == 0 and len(lengths) > 1:
        dtype = _arithmetic(query)
        if _takes_lengths(query, dtype):
            return by_lengths(query.to(dtype), key.to(dtype), value.to(dtype), lengths, scaling)
        if query.shape[2] <= _MOST_MASKED:
            return by_mask(query, key, value, lengths, scaling)
    return one_by_one(query, key, value, lengths, scaling, dropout)


def one_by_one(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    lengths: Lengths,
    scaling: float | None,
    dropout: float = 0.0,
) -> torch.Tensor:
    """A causal call for each document: no mask, and work by the square of documents, not of the row."""
    parts = [
        scaled_dot_product_attention(
            q, k, v, dropout_p=dropout, is_causal=True, scale=scaling, enable_gqa=True
        )
        for q, k, v in zip(
            query.split(lengths, 2), key.split(lengths, 2), value.split(lengths, 2), strict=True
        )
    ]
    return torch.cat(parts, dim=2).transpose(1, 2)


def by_mask(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: Lengths, scaling: float | None
) -> torch.Tensor:
    """One call with a mask of blocks. Heads are repeated, because kernels with a mask take no groups."""
    groups = query.shape[1] // key.shape[1]
    found = scaled_dot_product_attention(
        query,
        key.repeat_interleave(groups, 1),
        value.repeat_interleave(groups, 1),
        attn_mask=_blocks(lengths, query.device),
        scale=scaling,
    )
    return found.transpose(1, 2)


def by_lengths(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: Lengths, scaling: float | None
) -> torch.Tensor:
    """One call of the kernel for sequences of different lengths (FlashAttention-2, arXiv:2307.08691)."""
    bounds, longest = _bounds(lengths, query.device), max(lengths)
    q, k, v = (part[0].transpose(0, 1) for part in (query, key, value))
    found = varlen_attn(
        q, k, v, bounds, bounds, longest, longest, scale=scaling, window_size=(-1, 0), enable_gqa=True
    )
    assert isinstance(found, torch.Tensor)
    return found[None]


def _arithmetic(query: torch.Tensor) -> torch.dtype:
    """Number type of the attention: autocast lowers it for the library's calls, and so for ours."""
    kind = query.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else query.dtype


def _takes_lengths(query: torch.Tensor, dtype: torch.dtype) -> bool:
    """What the kernel supports: half precision, Ampere or newer, heads of up to 256 numbers by eights."""
    size = query.shape[-1]
    return (
        dtype in _HALF
        and size % 8 == 0
        and size <= 256
        and torch.cuda.get_device_capability(query.device) >= (8, 0)
    )


@lru_cache(maxsize=4)
def _bounds(lengths: Lengths, device: torch.device) -> torch.Tensor:
    """Where documents begin, and the end; the same for every layer of a pass."""
    return torch.tensor([0, *accumulate(lengths)], dtype=torch.int32, device=device)


@lru_cache(maxsize=2)
def _blocks(lengths: Lengths, device: torch.device) -> torch.Tensor:
    """Which tokens see which: earlier ones of their own document, and themselves."""
    document = torch.repeat_interleave(torch.tensor(lengths)).to(device)
    return (document[:, None] == document[None, :]).tril()


def checked(lengths: Sequence[int], tokens: int) -> Lengths:
    """The lengths, if they divide a row of so many tokens. Raises ValueError."""
    found = tuple(lengths)
    if sum(found) != tokens or min(found, default=0) < 1:
        raise ValueError(
            f"document lengths {found[:8]} add up to {sum(found)}; "
            f"they must each be 1 or more and add up to the row's {tokens} tokens"
        )
    return found
