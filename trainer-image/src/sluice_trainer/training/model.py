"""Loads a causal language model from a folder: safetensors only, no code from the folder, no network."""

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.training.attention import implementation_for

transformers_logging.disable_progress_bar()


def load_model(folder: Path, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """The model in training form. Raises InputWrong(BASE_MODEL_UNSUPPORTED)."""
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            attn_implementation=implementation_for(config),
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise InputWrong(
            reasons.BASE_MODEL_UNSUPPORTED,
            f"the base model does not load as a causal language model in safetensors: {error}",
        ) from error
    model.config.use_cache = False
    return model.to(device).train()
