"""Low-rank adaptation (LoRA) by PEFT: attach it to a model, and write it in PEFT's own file format."""

import json
from pathlib import Path
from typing import Any

from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_api.trainingrun import Adapter

WEIGHTS_NAME = "adapter_model.safetensors"
CONFIG_NAME = "adapter_config.json"
PREFIX = "base_model.model."
"""What PEFT puts before the name of a module in its files."""


def attach(model: PreTrainedModel, adapter: Adapter) -> PreTrainedModel:
    """The same model with an adapter, whose weights alone will train. Its first output equals the base's.

    Raises InputWrong(TARGET_MODULES_NOT_FOUND).
    """
    _check_targets(model, adapter.target_modules)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=float(adapter.dropout),
        target_modules=list(adapter.target_modules) or "all-linear",
    )
    wrapped: PreTrainedModel = get_peft_model(model, config).get_base_model()
    return wrapped


def save_adapter(model: PreTrainedModel, folder: Path, base_digest: str) -> None:
    """Write adapter weights and configuration so that PEFT can load them; equal weights give equal bytes."""
    tensors = {
        f"{PREFIX}{name.replace('.default.', '.')}": parameter.detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
    save_file(tensors, folder / WEIGHTS_NAME, metadata={"format": "pt"})
    config = _plain(model.peft_config["default"].to_dict()) | {
        "base_model_name_or_path": base_digest,
        "inference_mode": True,
    }
    (folder / CONFIG_NAME).write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")


def _check_targets(model: PreTrainedModel, targets: tuple[str, ...]) -> None:
    linear = {name for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    head = model.get_output_embeddings()
    if model.config.tie_word_embeddings:
        # The head is the embedding: an update of it could not be merged without changing the embedding too.
        linear -= {name for name, module in model.named_modules() if module is head}
    missing = [t for t in targets if not any(name == t or name.endswith(f".{t}") for name in linear)]
    if missing:
        allowed = ", ".join(sorted({name.rpartition(".")[2] for name in linear}))
        raise InputWrong(
            reasons.TARGET_MODULES_NOT_FOUND,
            f"targetModules {', '.join(missing)} are no linear layers of the base model; it has {allowed}",
        )


def _plain(value: Any) -> Any:
    """JSON data in a fixed order: PEFT keeps target modules in a set."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    return value
