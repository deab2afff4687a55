"""What a training tells: step log, progress, numbers, the manifest of its weights."""

import json
from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_api.errors import DependencyUnavailable, InputWrong
from sluice_store.files import verify_folder
from sluice_trainer.report.steplog import parse_line
from sluice_trainer.stages import train
from sluice_trainer.training.weights import decimal
from support.training import FINGERPRINT, SENTENCES, make_bench, pack, sentence


def test_T18_each_step_has_a_line_that_one_expression_parses(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    request = bench.train_request(3)
    ctx = bench.context(request, tmp_path / "w", on_step=lambda step, ctx: ctx.clock.sleep(1))
    train.run(request, ctx)
    lines = (bench.root / ctx.folder / "steps.log").read_text().splitlines()
    records = [parse_line(line) for line in lines]
    assert [(r.step, r.total_steps) for r in records if r] == [(1, 3), (2, 3), (3, 3)]
    assert all(
        r and r.loss > 0 and r.grad_norm > 0 and r.answer_tokens > 0 and r.memory_bytes > 0 for r in records
    )
    assert {r.mfu for r in records if r} == {None}, "no peak is known for a CPU, so no utilisation is made up"


def test_T17_numbers_and_weights_are_told(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, validation=[[sentence(s)] for s in SENTENCES[:3]])
    request = bench.train_request(4)
    ctx = bench.context(request, tmp_path / "w")
    output = train.run(request, ctx)

    numbers = {m.name: float(m.value) for m in output.result.metrics}
    assert numbers.keys() >= {"final_loss", "validation_loss", "answer_tokens", "tokens", "skipped_rows"}
    assert json.loads((bench.root / ctx.folder / "training.json").read_text()) == output.result.dump()
    assert verify_folder(bench.store, ctx.folder, output.manifest.digest).details == {
        "kind": "Adapter",
        "base": bench.base.digest,
        "tokenizer": output.manifest.details["tokenizer"],
        "fingerprint": FINGERPRINT,
        "steps": 4,
    }
    assert {f.path for f in output.manifest.files} == {"adapter_config.json", "adapter_model.safetensors"}


def test_T12_validation_counts_each_token_once(tmp_path: Path) -> None:
    """Uneven packs, one at a time, against all of them in one pass."""
    from sluice_trainer.data.shards import ShardReader
    from sluice_trainer.training.course import open_course
    from sluice_trainer.training.validation import validation_loss

    texts = ("a", "a much longer sentence than that", "three words here")
    bench = make_bench(tmp_path, validation=[[sentence(t)] for t in texts])
    request = bench.train_request(1)
    course = open_course(request, tmp_path / "base", tmp_path / "shards")
    loss = validation_loss(course.learner, ShardReader(tmp_path / "shards", "validation"), lambda: None)
    total, tokens = course.learner.loss_without_learning([pack(*(sentence(t) for t in texts))])
    assert loss == pytest.approx(total / tokens, rel=1e-6)


def test_missing_device_is_waited_for(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    request = bench.train_request(1, device="CUDA")
    with pytest.raises(DependencyUnavailable) as ended:
        train.run(request, bench.context(request, tmp_path / "w"))
    assert ended.value.reason is reasons.DEPENDENCY_UNAVAILABLE


def test_base_that_is_no_model_is_refused(tmp_path: Path) -> None:
    from sluice_api.common import UriDigest
    from sluice_store.files import upload_folder

    bench = make_bench(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"model_type": "nothing-known"}')
    other = upload_folder(bench.store, tmp_path / "other", "models/other", {})
    request = bench.train_request(1, base=UriDigest(uri="models/other", digest=other.digest).dump())
    with pytest.raises(InputWrong) as ended:
        train.run(request, bench.context(request, tmp_path / "w"))
    assert ended.value.reason is reasons.BASE_MODEL_UNSUPPORTED


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.5, "1.5"),
        (1234567.0, "1.23457e6"),
        (2e-7, "2e-7"),
        (1e16, "1e16"),
        (123456.0, "123456"),
    ],
)
def test_numbers_fit_the_contract(value: float, text: str) -> None:
    from sluice_api.trainingrun import Metric

    assert Metric(name="x", value=decimal(value)).value == text
