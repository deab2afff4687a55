"""Every way to attend within documents gives the same result as attending to each document alone."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.functional import scaled_dot_product_attention

from sluice_trainer.training import kernels

LENGTHS = (1, 7, 20, 1, 3)
SCALING = 0.3
Way = Callable[..., torch.Tensor]


def inputs(dtype: torch.dtype = torch.float32, device: str = "cpu") -> tuple[torch.Tensor, ...]:
    """Four query heads that share two heads of keys and values."""
    torch.manual_seed(0)
    rows = [torch.randn(1, heads, sum(LENGTHS), 16).to(device, dtype) for heads in (4, 2, 2)]
    return tuple(row.requires_grad_() for row in rows)


def alone(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Softmax written out, one document after the other."""
    ends = torch.tensor(LENGTHS).cumsum(0).tolist()
    parts = []
    for start, end in pairwise([0, *ends]):
        q, k, v = (
            t[:, :, start:end] for t in (query, key.repeat_interleave(2, 1), value.repeat_interleave(2, 1))
        )
        scores = (q @ k.transpose(-1, -2) * SCALING).masked_fill(
            torch.ones(end - start, end - start, dtype=torch.bool, device=q.device).triu(1), float("-inf")
        )
        parts.append(scores.softmax(-1) @ v)
    return torch.cat(parts, 2).transpose(1, 2)


def with_gradients(way: Way, *rows: torch.Tensor, **more: Any) -> list[torch.Tensor]:
    found = way(*rows, **more)
    weights = torch.linspace(-1, 1, found.numel(), device=found.device).view(found.shape)
    return [found, *torch.autograd.grad((found.float() * weights).sum(), rows)]


def stand_in(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, starts: torch.Tensor, ends: torch.Tensor,
    longest: int, longest_key: int, *, scale: float, window_size: tuple[int, int], enable_gqa: bool,
) -> torch.Tensor:  # fmt: skip
    """The kernel's contract, written with the library's plain attention: (tokens, heads, size), causal."""
    assert (window_size, enable_gqa, starts.dtype) == ((-1, 0), True, torch.int32)
    assert longest == longest_key == int((starts[1:] - starts[:-1]).max())
    assert torch.equal(starts, ends)
    parts = [
        scaled_dot_product_attention(
            *(t[a:b].transpose(0, 1)[None] for t in (q, k, v)), is_causal=True, scale=scale, enable_gqa=True
        )[0].transpose(0, 1)
        for a, b in pairwise(starts.tolist())
    ]
    return torch.cat(parts)


@pytest.mark.parametrize("way", ["one_by_one", "by_mask", "by_lengths"])
def test_T05_each_way_equals_documents_alone(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "varlen_attn", stand_in)
    rows = inputs()
    found = with_gradients(getattr(kernels, way), *rows, lengths=LENGTHS, scaling=SCALING)
    for ours, expected in zip(found, with_gradients(alone, *rows), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def test_the_kernel_takes_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its real signature, shapes and number types, without a device: only the arithmetic is left out."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    kernels._bounds.cache_clear()
    with FakeTensorMode():
        query, key, value = (
            torch.empty(1, heads, 32, 64, dtype=torch.bfloat16, device="cuda") for heads in (4, 2, 2)
        )
        found = kernels.attend(query, key, value, LENGTHS, SCALING, 0.0)
        assert (found.shape, found.dtype) == (torch.Size([1, 32, 4, 64]), torch.bfloat16)
    kernels._bounds.cache_clear()


class OnDevice:
    """Stands for a row on a GPU, of which only shape, type and place are asked."""

    is_cuda = True
    device = torch.device("cuda")

    def __init__(self, tokens: int, size: int, dtype: torch.dtype) -> None:
        self.shape, self.dtype = (1, 4, tokens, size), dtype

    def to(self, _: torch.dtype) -> "OnDevice":
        return self


@pytest.mark.parametrize(
    ("tokens", "size", "dtype", "dropout", "lengths", "way"),
    [
        (16384, 64, torch.bfloat16, 0.0, (16000, 384), "by_lengths"),
        (4096, 64, torch.float32, 0.0, (4000, 96), "by_mask"),
        (4096, 65, torch.bfloat16, 0.0, (4000, 96), "by_mask"),
        (4096, 264, torch.bfloat16, 0.0, (4000, 96), "by_mask"),
        (16384, 64, torch.float32, 0.0, (16000, 384), "one_by_one"),
        (4096, 64, torch.bfloat16, 0.1, (4000, 96), "one_by_one"),
        (4096, 64, torch.bfloat16, 0.0, (4096,), "one_by_one"),
    ],
)
def test_the_way_follows_from_the_device_and_the_row(
    monkeypatch: pytest.MonkeyPatch, tokens: int, size: int, dtype: torch.dtype, dropout: float,
    lengths: tuple[int, ...], way: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    for name in ("one_by_one", "by_mask", "by_lengths"):
        monkeypatch.setattr(kernels, name, lambda *_, name=name: name)
    row: Any = OnDevice(tokens, size, dtype)
    assert kernels.attend(row, row, row, lengths, None, dropout) == way


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("way", ["by_lengths", "by_mask", "one_by_one"])
def test_each_way_on_a_device_equals_documents_alone(way: str) -> None:
    rows = inputs(torch.bfloat16, "cuda")
    found = with_gradients(getattr(kernels, way), *rows, lengths=LENGTHS, scaling=SCALING)
    expected = with_gradients(alone, *(row.detach().float().requires_grad_() for row in rows))
    for ours, right in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.float(), right, rtol=2e-2, atol=2e-2)
