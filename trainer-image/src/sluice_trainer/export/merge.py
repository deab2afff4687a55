"""Merges a LoRA adapter into its base, tensor by tensor, on CPU: W + alpha / rank * B A.

An adapter is merged only into the very base that it was trained on.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.export.tensors import TensorFolder
from sluice_trainer.training.adapter import CONFIG_NAME, PREFIX
from sluice_trainer.training.weights import WeightsDetails

_A, _B = ".lora_A.weight", ".lora_B.weight"
_OTHER_FORMS = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save", "lora_bias")


@dataclass(frozen=True)
class Merge:
    """A base and an adapter that fits it."""

    base: TensorFolder
    adapter: TensorFolder
    scale: float

    def read(self, name: str) -> torch.Tensor:
        """A tensor of the merged model, in the base's number type; the arithmetic is float32."""
        weight = self.base.read(name)
        module = PREFIX + name.removesuffix(".weight")
        if f"{module}{_A}" not in self.adapter.shapes:
            return weight
        down, up = self.adapter.read(f"{module}{_A}").float(), self.adapter.read(f"{module}{_B}").float()
        return (weight.float() + self.scale * (up @ down)).to(weight.dtype)


def open_merge(base: TensorFolder, adapter: TensorFolder, adapter_folder: Path) -> Merge:
    """A merge whose parts fit together. Raises InputWrong(ADAPTER_NOT_VALIDATED)."""
    config = json.loads((adapter_folder / CONFIG_NAME).read_text(encoding="utf-8"))
    if other := [name for name in _OTHER_FORMS if config.get(name)]:
        raise _invalid(f"it uses {', '.join(other)}, and only plain LoRA is merged")
    for module in sorted({name.removesuffix(_A).removesuffix(_B) for name in adapter.shapes}):
        _check_module(base, adapter, module)
    return Merge(base, adapter, config["lora_alpha"] / config["r"])


def refuse_other_base(details: WeightsDetails, base_digest: str) -> None:
    """Raises InputWrong(BASE_NOT_RECORDED) or InputWrong(BASE_MODEL_MISMATCH)."""
    if details.base is None:
        raise InputWrong(reasons.BASE_NOT_RECORDED, "the weights do not say which base model they belong to")
    if details.base != base_digest:
        raise InputWrong(
            reasons.BASE_MODEL_MISMATCH,
            f"the weights were trained on base {details.base}, the request names base {base_digest}",
        )


def refuse_overlap(output: Path, *inputs: Path) -> None:
    """Raises InputWrong(OUTPUT_OVERLAPS_INPUTS) when writing could change what is read."""
    target = output.resolve()
    for path in (p.resolve() for p in inputs):
        if target == path or target.is_relative_to(path) or path.is_relative_to(target):
            raise InputWrong(
                reasons.OUTPUT_OVERLAPS_INPUTS, f"output {output} overlaps input {path}: use another folder"
            )


def _check_module(base: TensorFolder, adapter: TensorFolder, module: str) -> None:
    name = f"{module.removeprefix(PREFIX)}.weight"
    target, down, up = (
        base.shapes.get(name),
        adapter.shapes.get(f"{module}{_A}"),
        adapter.shapes.get(f"{module}{_B}"),
    )
    if target is None or down is None or up is None:
        raise _invalid(f"{module} needs tensors A and B in the adapter and {name} in the base")
    if (up.sizes[0], down.sizes[1]) != target.sizes or up.sizes[1] != down.sizes[0]:
        raise _invalid(f"{module}: {up.sizes} times {down.sizes} does not fit {target.sizes}")
    for part in (_A, _B):
        if not torch.isfinite(adapter.read(f"{module}{part}")).all():
            raise _invalid(f"{module}{part} holds numbers that are not finite")


def _invalid(message: str) -> InputWrong:
    return InputWrong(reasons.ADAPTER_NOT_VALIDATED, f"the adapter is not merged: {message}")
