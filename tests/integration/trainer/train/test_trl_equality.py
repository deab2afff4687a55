"""TRL as oracle: same model, same packs, same order, so the losses must be the same."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from sluice_api.trainingrun import Adapter, Hyperparameters
from sluice_trainer.training import adapter
from sluice_trainer.training.batches import Order
from sluice_trainer.training.model import load_model
from support.tinymodel import save_tiny
from support.training import SENTENCES, pack, sentence
from support.trlpeer import own_run, trl_run

HYPER = Hyperparameters.parse({"learningRate": "1e-2", "weightDecay": "0.1", "maxGradNorm": "0.5"})
PACKS = [pack(sentence(a), sentence(b[: 3 + i])) for i, (a, b) in enumerate(pairwise(SENTENCES))]


@pytest.mark.parametrize("lora", [False, True])
def test_T04_losses_equal_those_of_trl(tmp_path: Path, lora: bool) -> None:
    base = save_tiny(tmp_path / "base")
    order = Order(len(PACKS), seed=1, per_step=3)
    steps = [[PACKS[i] for i in order.of_step(step)] for step in range(8)]

    def model() -> torch.nn.Module:
        torch.manual_seed(0)
        plain = load_model(base, torch.float32, torch.device("cpu"))
        return adapter.attach(plain, Adapter(rank=4, alpha=8)) if lora else plain

    ours, peers = own_run(model(), HYPER, steps), trl_run(model(), HYPER, steps, tmp_path / "trl")

    assert len(ours.losses) == 8
    assert ours.losses[-1] != pytest.approx(ours.losses[0], rel=1e-2), (
        "nothing was learnt, so nothing is compared"
    )
    assert ours.losses == pytest.approx(peers.losses, rel=1e-5)
