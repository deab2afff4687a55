"""Dropout: active while learning, and the same however a step is cut into micro batches."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from sluice_api.trainingrun import Adapter, Hyperparameters
from sluice_trainer.stages import train
from sluice_trainer.training import adapter
from sluice_trainer.training.attention import MASKED
from sluice_trainer.training.draws import SequenceDropout
from sluice_trainer.training.learner import Learner, new_optimiser
from sluice_trainer.training.model import load_model
from support.tinymodel import save_tiny
from support.training import SENTENCES, Bench, losses, make_bench, pack, sentence

CPU = torch.device("cpu")
UNEVEN = [pack(sentence("a" * n)) for n in (3, 40, 11, 25)]
PACKED = [[sentence(a), sentence(b[:7])] for a, b in pairwise((*SENTENCES, SENTENCES[0]))]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("base"))


def learner(base: Path, micro: int = 1, dropout: str = "0.5", targets: tuple[str, ...] = ()) -> Learner:
    torch.manual_seed(0)
    model = load_model(base, torch.float32, CPU)
    model = adapter.attach(model, Adapter(rank=4, alpha=8, dropout=dropout, target_modules=targets))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)  # at 0 nothing of an adapter is seen
    hyper = Hyperparameters.parse({"learningRate": "1e-2"})
    return Learner(model, new_optimiser(model, hyper), micro, 1e9, torch.float32)


def gradient(subject: Learner, number: int = 0) -> torch.Tensor:
    found: list[torch.Tensor] = []
    subject.optimiser.register_step_pre_hook(
        lambda *_: found.append(torch.cat([p.grad.flatten() for p in subject.parameters()]))
    )
    assert subject.step(UNEVEN, 0.0, number) is not None
    return found[0]


def test_T06_dropout_is_active_while_learning_and_off_in_validation(base: Path) -> None:
    subject = learner(base)
    assert any(isinstance(m, SequenceDropout) for m in subject.model.modules())
    assert not torch.equal(gradient(subject), gradient(learner(base, dropout="0")))
    assert subject.loss_without_learning(UNEVEN) == subject.loss_without_learning(UNEVEN)


def test_masks_follow_from_step_and_sequence_and_layer(base: Path) -> None:
    subject = learner(base, dropout="0.3")
    values = torch.ones(1, 60, 8)
    subject.draws.begin(3, 0, [20, 40], [5, 6])
    both = subject.draws.keep(0.3, 1, values)
    subject.draws.begin(3, 1, [40], [6])
    assert torch.equal(subject.draws.keep(0.3, 1, values[:, 20:]), both[:, 20:])
    assert not torch.equal(subject.draws.keep(0.3, 2, values[:, 20:]), both[:, 20:])
    subject.draws.begin(4, 1, [40], [6])
    assert not torch.equal(subject.draws.keep(0.3, 1, values[:, 20:]), both[:, 20:])
    assert both.float().mean() == pytest.approx(0.7, abs=0.1)


@pytest.mark.parametrize("micro", [2, 3, 4])
@pytest.mark.parametrize("kind", ["adapter", "attention", "attention by mask"])
def test_micro_batches_see_the_same_masks(base: Path, kind: str, micro: int) -> None:
    def made(size: int) -> Learner:
        subject = learner(base, size, "0.5" if kind == "adapter" else "0")
        if kind != "adapter":
            subject.model.config.attention_dropout = 0.4
            for layer in subject.model.model.layers:
                layer.self_attn.attention_dropout = 0.4
            subject.draws.install(subject.model)
        if kind == "attention by mask":
            subject.model.set_attn_implementation(MASKED)
        return subject

    one = gradient(made(1))
    torch.testing.assert_close(gradient(made(micro)), one, rtol=1e-5, atol=1e-6)
    assert not torch.equal(gradient(made(1), number=1), one), "dropout was active"


def trained(tmp_path: Path, name: str, micro: int, **changed: Any) -> tuple[list[float], dict[str, Any]]:
    hyper = {"globalBatchSize": 4, "microBatchSize": micro, "learningRate": "1e-3"}
    bench: Bench = make_bench(tmp_path / name, PACKED)
    request = bench.train_request(
        4, adapter={"type": "LoRA", "rank": 4, "alpha": 8, "dropout": "0.3"}, hyperparameters=hyper, **changed
    )
    ctx = bench.context(request, tmp_path / name / "w")
    train.run(request, ctx)
    return losses(ctx), load_file(bench.root / ctx.folder / "adapter_model.safetensors")


def test_adapters_with_dropout_are_equal_for_every_micro_batch_size(tmp_path: Path) -> None:
    one_losses, one = trained(tmp_path, "one", 1)
    largest = max(float(tensor.abs().max()) for tensor in one.values())
    for micro in (2, 4):
        told, found = trained(tmp_path, f"m{micro}", micro)
        assert told == pytest.approx(one_losses, rel=1e-5)
        for name, tensor in one.items():
            torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-4 * largest)
