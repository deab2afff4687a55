"""A base model in the form in which it trains: attention that keeps packed documents apart, no cache."""

from pathlib import Path

import torch
from transformers import PreTrainedModel

from sluice_trainer.models import load
from sluice_trainer.training.attention import implementation_for


def load_model(folder: Path, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """The model in training form. Raises InputWrong(BASE_MODEL_UNSUPPORTED)."""
    model = load.load_model(folder, dtype, implementation_for)
    model.config.use_cache = False
    return model.to(device).train()
