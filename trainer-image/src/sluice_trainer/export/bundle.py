"""Writes a Hugging Face folder that stands alone: weights, configuration, tokenizer, chat template.

The served number type is the base's. Bytes follow from the weights and the base alone: no times, no names.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_api.stagesizing import SHARD_BYTES
from sluice_trainer.chat.tokenspec import TOKENIZER_FILES
from sluice_trainer.export.merge import open_merge, refuse_overlap
from sluice_trainer.export.tensors import DTYPES, Shape, TensorFolder, write_tensors
from sluice_trainer.training.weights import WeightsDetails

CONFIG, GENERATION_CONFIG = "config.json", "generation_config.json"
_CONTEXT_NAMES = ("max_position_embeddings", "n_positions", "max_seq_len")
_GENERATION_IDS = ("bos_token_id", "eos_token_id", "pad_token_id")


DtypeName = Literal["float32", "bfloat16", "float16"]
_DTYPE_NAMES: Mapping[torch.dtype, DtypeName] = {
    torch.float32: "float32",
    torch.bfloat16: "bfloat16",
    torch.float16: "float16",
}


@dataclass(frozen=True)
class BundleFacts:
    """What is true of a bundle's content."""

    context_length: int
    dtype: DtypeName
    parameters: int


def write_bundle(base: Path, weights: Path, details: WeightsDetails, output: Path) -> BundleFacts:
    """Write the bundle into a new folder. Raises InputWrong; the inputs stay as they are."""
    refuse_overlap(output, base, weights)
    output.mkdir(parents=True)
    with TensorFolder(base) as base_tensors, TensorFolder(weights) as trained:
        dtype = main_dtype(base_tensors.shapes)
        if details.kind == "Adapter":
            shapes = base_tensors.shapes
            read: Callable[[str], torch.Tensor] = open_merge(base_tensors, trained, weights).read
        else:
            shapes = trained.shapes
            read = _cast(trained, base_tensors.shapes, dtype)
        dtypes = {name: _stored_as(name, base_tensors.shapes, dtype) for name in shapes}
        sizes = {n: s.elements * dtypes[n].itemsize for n, s in shapes.items()}
        write_tensors(output, sizes, read, SHARD_BYTES)
    config = _config(base, dtype)
    _write_json(output / CONFIG, config)
    _copy_rest(base, config, output)
    return BundleFacts(
        context_length=_context_length(config),
        dtype=_DTYPE_NAMES[dtype],
        parameters=sum(shape.elements for shape in shapes.values()),
    )


def main_dtype(shapes: Mapping[str, Shape]) -> torch.dtype:
    """Number type of most of a model's weights. Raises InputWrong(BASE_MODEL_UNSUPPORTED)."""
    counts: dict[str, int] = {}
    for shape in shapes.values():
        counts[shape.dtype] = counts.get(shape.dtype, 0) + shape.elements
    found = max(counts, key=lambda name: (counts[name], name), default="nothing")
    if found not in DTYPES:
        raise InputWrong(
            reasons.BASE_MODEL_UNSUPPORTED,
            f"the base model is stored as {found}; it must be one of {', '.join(DTYPES)}",
        )
    return DTYPES[found]


def _stored_as(name: str, base: Mapping[str, Shape], usual: torch.dtype) -> torch.dtype:
    return DTYPES.get(base[name].dtype, usual) if name in base else usual


def _cast(
    trained: TensorFolder, base: Mapping[str, Shape], usual: torch.dtype
) -> Callable[[str], torch.Tensor]:
    return lambda name: trained.read(name).to(_stored_as(name, base, usual))


def _config(base: Path, dtype: torch.dtype) -> dict[str, Any]:
    """The base's configuration, with the number type that the weights have."""
    config: dict[str, Any] = json.loads((base / CONFIG).read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    return config | {"dtype": _DTYPE_NAMES[dtype]}


def _copy_rest(base: Path, config: Mapping[str, Any], output: Path) -> None:
    for name in TOKENIZER_FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, output / name)
    if (base / GENERATION_CONFIG).is_file():
        shutil.copyfile(base / GENERATION_CONFIG, output / GENERATION_CONFIG)
    else:
        known = {name: config[name] for name in _GENERATION_IDS if config.get(name) is not None}
        _write_json(output / GENERATION_CONFIG, known)


def _context_length(config: Mapping[str, Any]) -> int:
    text = config.get("text_config", config)
    for name in _CONTEXT_NAMES:
        if isinstance(text.get(name), int):
            return int(text[name])
    raise InputWrong(
        reasons.BASE_MODEL_UNSUPPORTED, f"the base's {CONFIG} has none of {', '.join(_CONTEXT_NAMES)}"
    )


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
