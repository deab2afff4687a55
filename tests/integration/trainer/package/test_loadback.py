"""Loading back within the memory that there is: what would fill it stays on disk, and is checked alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from sluice_api import reasons
from sluice_api.errors import StageBug
from sluice_trainer.export import loadback
from sluice_trainer.export.loadback import load_back
from sluice_trainer.export.tensors import TensorFolder
from support.tinymodel import save_tiny

Tensors = dict[str, torch.Tensor]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny(tmp_path / "tiny")


@pytest.mark.parametrize(("share", "in_memory"), [(0.49, True), (0.51, False)])
def test_a_model_that_would_fill_the_memory_stays_on_disk_and_answers_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, share: float, in_memory: bool
) -> None:
    with TensorFolder(folder) as tensors:
        needed = 4 * sum(shape.elements for shape in tensors.shapes.values())
    whole = load_back(folder)
    loaded: list[Any] = []
    original = loadback.load_model

    def remembered(*given: Any, **more: Any) -> Any:
        loaded.append(original(*given, **more))
        return loaded[-1]

    monkeypatch.setattr(loadback, "load_model", remembered)
    monkeypatch.setattr(loadback, "host_memory_bytes", lambda: needed / share)
    assert load_back(folder) == (whole if in_memory else whole[:1])
    assert {p.device.type for p in loaded[0].parameters()} == {"cpu" if in_memory else "meta"}


def without_a_layer(tensors: Tensors) -> Tensors:
    return {k: v for k, v in tensors.items() if "layers.1.mlp" not in k}


def not_finite(tensors: Tensors) -> Tensors:
    return {k: v * float("inf") for k, v in tensors.items()}


@pytest.mark.parametrize("damage", [without_a_layer, not_finite])
def test_X05_a_model_on_disk_that_does_not_work_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Tensors], Tensors]
) -> None:
    save_file(damage(load_file(folder / "model.safetensors")), folder / "model.safetensors", {"format": "pt"})
    monkeypatch.setattr(loadback, "host_memory_bytes", lambda: 1)
    with pytest.raises(StageBug) as failure:
        load_back(folder)
    assert failure.value.reason is reasons.LOAD_BACK_FAILED
