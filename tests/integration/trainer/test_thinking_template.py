"""A template that writes an empty think block into the last answer: from rows to a verdict's score."""

import json
from pathlib import Path
from typing import Any

import pytest

from sluice_api.common import UriDigest
from sluice_trainer.evals.results import ItemResult
from sluice_trainer.stages import pack as pack_stage
from support.evalbench import Bench
from support.stagerun import run_stage
from support.tinymodel import save_tiny

THINKING = """\
{%- for m in messages %}
{%- if m.role == 'assistant' and loop.last %}
{{- '<|im_start|>assistant\n<think>\n\n</think>\n\n' + m.content + '<|im_end|>\n' }}
{%- else %}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{% endif %}
{%- endif %}"""
ROWS = [("France?", "Paris"), ("Italy?", "Rome"), ("Spain?", "Madrid")]
ADAPTER = {"type": "None"}
HYPER = {"sequenceLength": 128, "maxSteps": 60, "globalBatchSize": 3, "learningRate": "1e-2"}
NO_THINKING = {"templateArguments": [{"name": "enable_thinking", "value": "false"}]}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    configmap = tmp_path / "configmaps" / "data"
    configmap.mkdir(parents=True)
    monkeypatch.setattr(pack_stage, "CONFIGMAP_FOLDER", str(tmp_path / "configmaps"))
    return Bench(tmp_path / "store", configmap)


def learn(bench: Bench, base: UriDigest, **chat: Any) -> UriDigest:
    """Train and package."""
    pack = bench.pack(ROWS, purpose="Train", split={"validationPercent": 0})
    common = {"adapter": ADAPTER, "hyperparameters": HYPER}
    request = {"dataset": pack.dump(), "base": base.dump(), "identity": "uid", **common, **chat}
    ready = run_stage("prepare", request, bench.root)
    known = {"fingerprint": ready.fingerprint, "base": ready.base.dump()}
    request = {**known, "tokens": ready.tokens.dump(), "totalSteps": ready.total_steps, **common}
    weights = run_stage("train", request, bench.root).weights
    request = {**known, "weights": weights.dump(), "dataset": pack.dump(), "adapter": ADAPTER, **chat}
    made = run_stage("package", request, bench.root).artifact
    return UriDigest(uri=made.uri, digest=made.digest)


def base_model(bench: Bench, folder: Path) -> UriDigest:
    save_tiny(folder)
    (folder / "chat_template.jinja").write_text(THINKING)
    return bench.artifact(folder, "base")


def answers(bench: Bench, artifact: UriDigest) -> list[ItemResult]:
    """What a gate's evaluation makes of the questions that the model was trained on."""
    suite = bench.pack(ROWS)
    request = {"name": "s", "dataset": suite.dump(), "generation": {"maxNewTokens": 40}}
    result = run_stage("evaluate", {"suites": [request], "artifact": artifact.dump()}, bench.root)
    return list(bench.items(result))


@pytest.mark.parametrize("chat", [{}, NO_THINKING], ids=["as it is", "without thinking"])
def test_what_was_learned_after_a_think_block_is_scored_without_it(
    bench: Bench, tmp_path: Path, chat: dict[str, Any]
) -> None:
    artifact = learn(bench, base_model(bench, tmp_path / "base"), **chat)
    items = answers(bench, artifact)
    assert [item.prediction for item in items] == [answer for _, answer in ROWS]
    assert [item.scores["exact_match"] for item in items] == [1.0] * len(ROWS)
    [path] = bench.root.glob("prepare/*/*/preflight.json")
    told = {check["name"]: check["status"] for check in json.loads(path.read_text())["checks"]}
    assert told["generation_prompt"] == ("ok" if chat else "warn")
