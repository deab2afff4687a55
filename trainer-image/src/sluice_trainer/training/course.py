"""A course: everything that a training needs in memory, built from a request and two folders."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedModel

from sluice_api.contracts.requests import TrainRequest
from sluice_api.trainingrun import Hyperparameters
from sluice_trainer.data.shards import ShardReader
from sluice_trainer.training import adapter
from sluice_trainer.training.batches import Order
from sluice_trainer.training.device import compute_dtype, open_device
from sluice_trainer.training.draws import Draws
from sluice_trainer.training.flops import ModelSize
from sluice_trainer.training.learner import Learner, new_optimiser
from sluice_trainer.training.model import load_model


@dataclass(frozen=True)
class Course:
    """What is trained, on what, for how long."""

    learner: Learner
    packs: ShardReader
    order: Order
    hyper: Hyperparameters
    total_steps: int
    size: ModelSize
    lora: bool


def open_course(request: TrainRequest, base: Path, tokens: Path) -> Course:
    """Load the base model and the shards. Raises InputWrong and DependencyUnavailable."""
    hyper = request.hyperparameters
    device = open_device(request.device)
    dtype = compute_dtype(hyper.precision, device)
    torch.manual_seed(hyper.seed)  # decides the adapter's first weights
    model, size = _open_model(request, base, dtype, device)
    packs = ShardReader(tokens, "train")
    epochs = hyper.epochs if hyper.max_steps is None else None
    return Course(
        learner=Learner(
            model=model,
            optimiser=new_optimiser(model, hyper),
            micro_batch_size=hyper.micro_batch_size,
            max_grad_norm=float(hyper.max_grad_norm),
            dtype=dtype,
            device=device,
            draws=Draws(hyper.seed),
        ),
        packs=packs,
        order=Order(len(packs), hyper.seed, hyper.batch_size(len(packs)), epochs),
        hyper=hyper,
        total_steps=request.total_steps,
        size=size,
        lora=request.adapter.type == "LoRA",
    )


def _open_model(
    request: TrainRequest, base: Path, dtype: torch.dtype, device: torch.device
) -> tuple[PreTrainedModel, ModelSize]:
    """What learns is float32, whatever the arithmetic; a frozen base may be as small as the arithmetic."""
    lora = request.adapter.type == "LoRA"
    model = load_model(base, dtype if lora else torch.float32, device)
    head = model.get_output_embeddings()
    linear = [m for m in model.modules() if isinstance(m, nn.Linear) and m is not head]
    size = ModelSize.of(model.config, sum(m.weight.numel() for m in linear))
    return (adapter.attach(model, request.adapter) if lora else model), size
