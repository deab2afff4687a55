"""The mathematics of a step: loss, packing, adapters, optimiser."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_api.trainingrun import Adapter, Hyperparameters
from sluice_trainer.data.shards import IGNORE, Document, Pack
from sluice_trainer.stages import train
from sluice_trainer.training import adapter, batches
from sluice_trainer.training.attention import (
    DOCUMENTS,
    MASKED,
    attend_within_documents,
    implementation_for,
)
from sluice_trainer.training.batches import Order, collate
from sluice_trainer.training.device import usable_cpus
from sluice_trainer.training.learner import Learner, new_optimiser, predict
from sluice_trainer.training.model import load_model
from support.tinymodel import save_tiny
from support.training import SENTENCES, losses, make_bench, pack, sentence

CPU = torch.device("cpu")
UNEVEN = [pack(sentence("a" * n)) for n in (3, 40, 11, 25)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("base"))


def learner(base: Path, micro: int = 1, lora: bool = False, **hyper: str) -> Learner:
    torch.manual_seed(0)
    model = load_model(base, torch.float32, CPU)
    if lora:
        model = adapter.attach(model, Adapter(rank=4, alpha=8))
    settings = Hyperparameters.parse({"learningRate": "1e-2", **hyper})
    return Learner(model, new_optimiser(model, settings), micro, float(settings.max_grad_norm), torch.float32)


def gradients(subject: Learner, packs: Sequence[Pack]) -> tuple[float, torch.Tensor]:
    """Loss of a step, and the gradient before clipping."""
    found: list[torch.Tensor] = []
    subject.optimiser.register_step_pre_hook(
        lambda *_: found.append(torch.cat([p.grad.flatten() for p in subject.parameters()]))
    )
    outcome = subject.step(packs, 0.0)
    assert outcome is not None
    return outcome.loss, found[0] * max(1.0, outcome.grad_norm / subject.max_grad_norm)


def without_answer(document: Document) -> Document:
    return Document(document.ids, np.full_like(document.labels, IGNORE))


@pytest.mark.parametrize("lora", [True, False])
def test_T04_accumulation_changes_neither_loss_nor_gradients(base: Path, lora: bool) -> None:
    one_loss, one_gradient = gradients(learner(base, micro=4, lora=lora), UNEVEN)
    for micro in (1, 2, 3):
        loss, gradient = gradients(learner(base, micro=micro, lora=lora), UNEVEN)
        assert loss == pytest.approx(one_loss, rel=1e-5)
        torch.testing.assert_close(gradient, one_gradient, rtol=1e-5, atol=1e-6)


def test_T04_loss_is_the_mean_over_all_answer_tokens_of_the_step(base: Path) -> None:
    """By the library's own loss, one document at a time, without packing or selection of places."""
    oracle = load_model(base, torch.float32, CPU)
    oracle.set_attn_implementation(MASKED)
    total, tokens = 0.0, 0
    for one in UNEVEN:
        ids, labels = torch.from_numpy(one.ids).long()[None], torch.from_numpy(one.labels).long()[None]
        count = int((labels != IGNORE).sum())
        with torch.no_grad():
            total += float(oracle(input_ids=ids, labels=labels).loss) * count
        tokens += count
    outcome = learner(base).step(UNEVEN, 1e-3)
    assert outcome is not None
    assert outcome.loss == pytest.approx(total / tokens, rel=1e-5)
    assert outcome.answer_tokens == tokens


def test_T03_pack_without_answer_changes_nothing_and_is_never_nan(base: Path) -> None:
    silent = pack(without_answer(sentence("nothing to learn here")))
    alone, _ = gradients(learner(base), UNEVEN[:1])
    mixed, gradient = gradients(learner(base), [silent, UNEVEN[0], silent])
    assert mixed == pytest.approx(alone, rel=1e-6)
    assert torch.isfinite(gradient).all()


def test_T03_step_without_any_answer_learns_nothing_and_says_so(base: Path) -> None:
    subject = learner(base)
    before = [p.detach().clone() for p in subject.parameters()]
    assert subject.step([pack(without_answer(sentence("silence")))], 1.0) is None
    assert all(torch.equal(a, b) for a, b in zip(before, subject.parameters(), strict=True))


def test_T03_run_without_any_answer_fails_with_a_reason(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, [[without_answer(sentence("silence"))]])
    request = bench.train_request(2)
    with pytest.raises(InputWrong) as refusal:
        train.run(request, bench.context(request, tmp_path / "w"))
    assert refusal.value.reason is reasons.NO_ANSWER_TOKENS


@pytest.mark.parametrize("implementation", [DOCUMENTS, MASKED])
def test_T05_documents_of_a_pack_never_see_each_other(base: Path, implementation: str) -> None:
    model = load_model(base, torch.float32, CPU).eval()
    model.set_attn_implementation(implementation)
    documents = [sentence(text) for text in SENTENCES[:4]]
    with torch.no_grad():
        packed = predict(model, collate([pack(*documents[:3]), pack(documents[3])], CPU))
        alone = torch.cat([predict(model, collate([pack(d)], CPU)) for d in documents])
    torch.testing.assert_close(packed, alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("lengths", [(), None, (3,), (0, 9), (9, -1, 1)])
def test_T05_a_row_without_its_document_lengths_is_refused(lengths: tuple[int, ...] | None) -> None:
    row = torch.zeros(1, 2, 9, 8)
    given = {} if lengths is None else {"document_lengths": lengths}
    with pytest.raises(ValueError, match="document lengths"):
        attend_within_documents(torch.nn.Identity(), row, row, row, None, **given)


def test_T05_crosstalk_would_be_noticed(base: Path) -> None:
    model = load_model(base, torch.float32, CPU).eval()
    first, second = sentence(SENTENCES[0]), sentence(SENTENCES[1])
    both = pack(first, second)
    joined = Pack(both.ids, both.labels, (len(both.ids),))
    with torch.no_grad():
        apart = predict(model, collate([both], CPU))
        together = predict(model, collate([joined], CPU))
    assert (apart - together).abs().max() > 1e-2


def test_T05_models_with_windows_take_the_masked_path(base: Path) -> None:
    config = load_model(base, torch.float32, CPU).config
    assert implementation_for(config) == DOCUMENTS
    config.sliding_window = 128
    assert implementation_for(config) == MASKED


def test_T06_adapter_starts_as_the_base_and_only_its_weights_move(base: Path) -> None:
    subject = learner(base, lora=True)
    plain = load_model(base, torch.float32, CPU)
    batch = collate(UNEVEN, CPU)
    torch.testing.assert_close(predict(subject.model, batch), predict(plain, batch), rtol=0, atol=0)

    before = {n: p.detach().clone() for n, p in subject.model.named_parameters()}
    subject.step(UNEVEN, 1e-2)
    subject.step(UNEVEN, 1e-2)
    moved = {n for n, p in subject.model.named_parameters() if not torch.equal(before[n], p)}
    assert moved == {n for n in before if "lora_" in n}
    assert len(moved) == 2 * 7 * 2, "A and B of seven linear layers in each of two blocks"


def test_T06_loss_falls_by_half_in_50_steps_on_8_rows(tmp_path: Path) -> None:
    """All weights of a random base first, then an adapter on what that became, on other rows."""
    every_row = {"globalBatchSize": 8, "microBatchSize": 8}
    first = make_bench(tmp_path / "1", [[sentence(text[::-1])] for text in SENTENCES])
    request = first.train_request(100, adapter={"type": "None"}, hyperparameters=every_row)
    full = first.context(request, tmp_path / "w1")
    train.run(request, full)

    second = make_bench(tmp_path / "2", weights=first.root / full.folder / "model.safetensors")
    request = second.train_request(50, adapter={"rank": 16, "alpha": 32}, hyperparameters=every_row)
    adapted = second.context(request, tmp_path / "w2")
    train.run(request, adapted)

    assert losses(full)[49] < losses(full)[0] / 2
    assert losses(adapted)[-1] < losses(adapted)[0] / 2


@pytest.mark.parametrize("targets", [("q_proj", "nothing_proj"), ("lm_head",), ("embed_tokens",)])
def test_T06_unknown_target_is_refused_with_what_there_is(base: Path, targets: tuple[str, ...]) -> None:
    with pytest.raises(
        InputWrong, match=r"down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj"
    ) as refusal:
        adapter.attach(load_model(base, torch.float32, CPU), Adapter(target_modules=targets))
    assert refusal.value.reason is reasons.TARGET_MODULES_NOT_FOUND


def test_T08_gradient_is_clipped_to_its_limit(base: Path) -> None:
    subject = learner(base, maxGradNorm="0.01")
    seen: list[float] = []
    subject.optimiser.register_step_pre_hook(
        lambda *_: seen.append(float(torch.stack([p.grad.norm() for p in subject.parameters()]).norm()))
    )
    outcome = subject.step(UNEVEN, 1e-3)
    assert outcome is not None
    assert outcome.grad_norm > 0.01
    assert seen[0] <= 0.01 * (1 + 1e-4)


def test_T08_vectors_do_not_decay_and_matrices_do(base: Path) -> None:
    subject = learner(base, weightDecay="0.5")
    decays = {p: g["weight_decay"] for g in subject.optimiser.param_groups for p in g["params"]}
    assert {decays[p] for p in subject.parameters() if p.ndim == 1} == {0.0}
    assert {decays[p] for p in subject.parameters() if p.ndim > 1} == {0.5}


def test_T29_each_epoch_shows_every_pack_once_and_follows_from_the_seed() -> None:
    order = Order(packs=7, seed=3, per_step=3, epochs=2)
    shown = [i for step in range(10) for i in order.of_step(step)]
    assert len(shown) == 14
    assert sorted(shown[:7]) == sorted(shown[7:]) == list(range(7))
    assert shown[:7] != shown[7:]
    assert shown == [i for step in range(10) for i in Order(7, 3, 3, 2).of_step(step)]
    assert len(Order(7, 3, 3).of_step(50)) == 3


def test_T29_the_order_is_that_of_a_permutation_per_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn once for each epoch, however many places a step has, and the same as drawn anew at each place."""
    batches._permutation.cache_clear()
    drawn: list[list[int]] = []
    original = np.random.default_rng

    def counted(seed: list[int]) -> np.random.Generator:
        drawn.append(seed)
        return original(seed)

    monkeypatch.setattr(np.random, "default_rng", counted)
    order = Order(packs=11, seed=5, per_step=4)
    shown = [i for step in range(8) for i in order.of_step(step)]
    assert drawn == [[5, 0], [5, 1], [5, 2]]
    anew = [int(original([5, place // 11]).permutation(11)[place % 11]) for place in range(32)]
    assert shown == anew


QUOTAS = {
    "version 2": ({"cpu.max": "150000 100000\n"}, 2),
    "version 2, no limit": ({"cpu.max": "max 100000\n"}, None),
    "version 1": ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
    "version 1, no limit": ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
    "no control groups": ({}, None),
}


@pytest.mark.parametrize(("files", "expected"), QUOTAS.values(), ids=QUOTAS.keys())
def test_threads_follow_the_container_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], expected: int | None
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert usable_cpus(tmp_path) == (expected or 64)
