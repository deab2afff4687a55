"""Tensors of a folder of safetensors files, one at a time: a model larger than memory passes through."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

INDEX_NAME = "model.safetensors.index.json"

DTYPES: Mapping[str, torch.dtype] = {
    "F32": torch.float32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
}
"""Number types that a model may be stored in, by their names in safetensors."""


@dataclass(frozen=True)
class Shape:
    """What is known of a tensor without reading it."""

    sizes: tuple[int, ...]
    dtype: str
    """As safetensors calls it."""

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.sizes)


class TensorFolder:
    """The tensors of all safetensors files of a folder. Use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._files: dict[str, Any] = {}
        for path in sorted(folder.glob("*.safetensors")):
            file = self._stack.enter_context(safe_open(path, framework="pt"))
            self._files |= dict.fromkeys(file.keys(), file)

    def __enter__(self) -> "TensorFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Shape of each tensor, by name, in order of the names."""
        parts = {name: self._files[name].get_slice(name) for name in sorted(self._files)}
        return {name: Shape(tuple(p.get_shape()), p.get_dtype()) for name, p in parts.items()}

    def read(self, name: str) -> torch.Tensor:
        """One tensor. Raises KeyError."""
        tensor: torch.Tensor = self._files[name].get_tensor(name)
        return tensor


def write_tensors(
    folder: Path,
    sizes: Mapping[str, int],
    read: Callable[[str], torch.Tensor],
    shard_bytes: int,
) -> None:
    """Write tensors, `sizes` of bytes by name, as `model*.safetensors`; equal tensors give equal bytes."""
    groups = group_by_size(sizes, shard_bytes)
    names = _file_names(len(groups))
    for file_name, group in zip(names, groups, strict=True):
        save_file({n: read(n).contiguous() for n in group}, folder / file_name, metadata={"format": "pt"})
    if len(groups) > 1:
        places = {n: file_name for file_name, group in zip(names, groups, strict=True) for n in group}
        index = {"metadata": {"total_size": sum(sizes.values())}, "weight_map": places}
        (folder / INDEX_NAME).write_text(json.dumps(index, indent=2, sort_keys=True), encoding="utf-8")


def group_by_size(sizes: Mapping[str, int], limit: int) -> list[list[str]]:
    """Names in order, cut into groups of at most `limit` bytes each."""
    groups: list[list[str]] = []
    filled = limit
    for name in sorted(sizes):
        if filled + sizes[name] > limit:
            groups.append([])
            filled = 0
        groups[-1].append(name)
        filled += sizes[name]
    return groups


def _file_names(count: int) -> Sequence[str]:
    if count == 1:
        return ["model.safetensors"]
    return [f"model-{i:05d}-of-{count:05d}.safetensors" for i in range(1, count + 1)]
