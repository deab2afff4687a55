"""The one way to load a model: safetensors only, no code but ours, every tensor used, every number finite."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, GenerationConfig, PretrainedConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from sluice_model.errors import Unsupported
from sluice_trainer.models.configuration import PLAIN, library_config, library_errors
from sluice_trainer.models.fit import check_fit
from sluice_trainer.models.folder import inspect_folder, unsupported_is_a_reason

transformers_logging.disable_progress_bar()

_CHUNK: Final = 2**24
"""Numbers that are checked at once, so that the check takes little memory."""


def load_model(
    folder: Path,
    dtype: torch.dtype | Literal["auto"],
    attention: Callable[[PretrainedConfig], str] = lambda _config: PLAIN,
    *,
    streamed: bool = False,
) -> PreTrainedModel:
    """The model on the CPU, in evaluation mode. Raises InputWrong(BASE_MODEL_UNSUPPORTED).

    `auto` takes the number type that the configuration names. The model's own generation settings are left
    out: `generate` would fill every setting that a caller leaves open from them. A streamed model leaves its
    weights in their files and reads each whenever it is needed: slow, in the memory of its largest tensor.
    """
    on_disk = {"device_map": {"": "disk"}, "offload_folder": str(folder.with_name("streamed"))}
    inspected = inspect_folder(folder)
    with unsupported_is_a_reason():
        check_fit(inspected.config, inspected.tensors)
        config = library_config(inspected.config)
        with library_errors("the model cannot be loaded"):
            model, found = AutoModelForCausalLM.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                generation_config=GenerationConfig(),
                attn_implementation=attention(config),
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                **(on_disk if streamed else {}),
            )
        _check_loaded({kind: names for kind, names in found.items() if names})
        _check_finite(_stored(folder) if streamed else model.named_parameters())
    loaded: PreTrainedModel = model
    return loaded


def _check_loaded(wrong: dict[str, object]) -> None:
    if wrong:
        # The library fills what is missing with random numbers and merely warns.
        raise Unsupported(f"weights and configuration do not fit: {wrong}"[:500])


def _stored(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of a model's files, one at a time."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                yield name, file.get_tensor(name)


def _check_finite(weights: Iterable[tuple[str, torch.Tensor]]) -> None:
    for name, weight in weights:
        if not all(bool(torch.isfinite(part).all()) for part in weight.detach().flatten().split(_CHUNK)):
            raise Unsupported(
                f"tensor {name} holds numbers that are not finite: fetch or save the model again"
            )
