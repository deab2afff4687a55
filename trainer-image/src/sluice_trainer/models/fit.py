"""Do weights and configuration fit? Asked of headers before a GPU is taken, and again at every load."""

from collections.abc import Mapping
from typing import Any, Final

from sluice_model.errors import Unsupported
from sluice_model.header import Tensor
from sluice_model.inspection import Inspected
from sluice_trainer.models.configuration import expected_shapes, library_config, try_settings
from sluice_trainer.models.folder import unsupported_is_a_reason

_LAYER: Final = "model.layers."
_UNUSED: Final = ".rotary_emb.inv_freq"
"""Ends the names of tensors that old models carry and nobody reads: they follow from the configuration."""
_TOLD: Final = 3


def prove_fit(model: Inspected) -> None:
    """What can be told of a model without its numbers. Raises InputWrong(BASE_MODEL_UNSUPPORTED)."""
    with unsupported_is_a_reason():
        check_fit(model.config, model.tensors)
        try_settings(model.config)


def check_fit(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Every tensor asked for is there in its shape, and every tensor there is used. Raises Unsupported."""
    _check_layers(config, tensors)
    shapes, tied = expected_shapes(library_config(config))
    missing = sorted(shapes.keys() - tied - tensors.keys())
    unused = sorted(name for name in tensors.keys() - shapes.keys() if not name.endswith(_UNUSED))
    if missing:
        raise Unsupported(f"the weights lack {_some(missing)}, which the configuration asks for")
    if unused:
        raise Unsupported(f"the weights hold {_some(unused)}, for which the configuration has no use")
    for name in shapes.keys() & tensors.keys():
        if tensors[name].sizes != shapes[name]:
            raise Unsupported(
                f"{tensors[name].file}, tensor {name}: shape {list(tensors[name].sizes)}, "
                f"the configuration asks for {list(shapes[name])}"
            )


def _check_layers(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """First and cheaply, because a model of many layers takes long to build."""
    numbers = {name.removeprefix(_LAYER).partition(".")[0] for name in tensors if name.startswith(_LAYER)}
    asked = config.get("num_hidden_layers")
    if asked != len(numbers):
        raise Unsupported(
            f"config.json: num_hidden_layers is {asked}, the weights have {len(numbers)} layers"
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _TOLD} more tensors" if len(names) > _TOLD else ""
    return ", ".join(name[:120] for name in names[:_TOLD]) + more
