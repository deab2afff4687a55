"""An artifact's own generation settings change no reply; memory that runs out changes only batches."""

import json
import shutil
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest
import torch

from sluice_api.chat import TemplateArgument
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row
from sluice_trainer.evals import engine
from sluice_trainer.evals.engine import ArtifactReplies
from sluice_trainer.evals.results import Reply, Said
from sluice_trainer.export.loadback import load_back
from support.evalbench import save_talking
from support.tinymodel import tiny_tokenizer

QUESTIONS = [f"question number {n} {'and more ' * (n % 7)}" for n in range(24)]
TOKENS = 12
LETTERS: list[int] = tiny_tokenizer().convert_tokens_to_ids(list(ascii_lowercase))
A = LETTERS[0]
HOSTILE: dict[str, dict[str, Any]] = {
    "penalty": {"repetition_penalty": 5.0},
    "beams": {"num_beams": 4, "length_penalty": 2.0, "early_stopping": True},
    "beam groups": {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.5},
    "several replies": {"num_beams": 3, "num_return_sequences": 3},
    "suppressed": {"suppress_tokens": LETTERS[:9], "begin_suppress_tokens": LETTERS},
    "lengths": {"min_new_tokens": 12, "min_length": 500, "max_length": 2, "max_new_tokens": 2},
    "sampling": {"do_sample": True, "temperature": 5.0, "top_k": 3, "top_p": 0.5, "min_p": 0.1},
    "bad words": {"bad_words_ids": [[letter] for letter in LETTERS], "no_repeat_ngram_size": 1},
    "forced": {"forced_bos_token_id": LETTERS[24], "forced_eos_token_id": LETTERS[25]},
    "biased": {"sequence_bias": [[[LETTERS[25]], 1000.0]], "exponential_decay_length_penalty": [1, 9.0]},
    "stopped": {"stop_strings": ["a", "e", "i", "o"], "max_time": 0.0},
    "other": {"guidance_scale": 3.0, "penalty_alpha": 0.6, "use_cache": False, "prompt_lookup_num_tokens": 3},
    "watermark": {"watermarking_config": {"greenlist_ratio": 0.2, "bias": 50.0}},
    "unknown": {"output_scores": True, "return_dict_in_generate": True, "never_heard_of": 1},
}


def row(question: str) -> Row:
    turns = (ChatMessage(role="user", content=question), ChatMessage(role="assistant", content="?"))
    return Row(question, question, turns, None, "s", 1)


def said(folder: Path, **settings: Any) -> list[Reply]:
    """Replies of a model whose generation settings are these."""
    (folder / "generation_config.json").write_text(json.dumps(settings))
    return ArtifactReplies(folder, lambda rows: None)([row(q) for q in QUESTIONS], TOKENS)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_talking(tmp_path_factory.mktemp("talking"), seed=3)


@pytest.fixture(scope="module")
def plain(model: Path) -> list[Reply]:
    replies = said(model)
    assert len({reply.text for reply in replies if isinstance(reply, Said)}) > 4
    return replies


@pytest.mark.parametrize("name", HOSTILE)
def test_the_artifacts_own_settings_play_no_part(model: Path, plain: list[Reply], name: str) -> None:
    assert said(model, **HOSTILE[name]) == plain


def test_settings_in_the_models_configuration_play_no_part(model: Path, plain: list[Reply]) -> None:
    path = model / "config.json"
    before = path.read_text()
    path.write_text(json.dumps(json.loads(before) | {"num_beams": 4, "repetition_penalty": 3.0}))
    try:
        assert said(model) == plain
        assert load_back(model)
    finally:
        path.write_text(before)


def test_a_bundle_is_loaded_back_by_the_same_policy(model: Path) -> None:
    (model / "generation_config.json").write_text("{}")
    spoken = load_back(model)
    (model / "generation_config.json").write_text(json.dumps(HOSTILE["penalty"] | HOSTILE["beams"]))
    assert load_back(model) == spoken


@pytest.mark.parametrize("named", [[A], A])
def test_the_artifacts_tokens_of_end_hold(model: Path, plain: list[Reply], named: int | list[int]) -> None:
    before = [reply for reply in plain if isinstance(reply, Said)]
    replies = [reply for reply in said(model, eos_token_id=named) if isinstance(reply, Said)]
    assert [reply.text for reply in replies] == [reply.text.split("a")[0] for reply in before]
    assert [reply.cut for reply in replies] == ["a" not in reply.text for reply in before]
    assert {reply.cut for reply in replies} == {True, False}


def test_memory_that_runs_out_halves_the_batch(
    model: Path, plain: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []

    def scarce(replies: ArtifactReplies) -> None:
        generate = replies._model.generate

        def limited(**inputs: Any) -> Any:
            rows.append(len(inputs["input_ids"]))
            if rows[-1] > 3:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 68.00 GiB")
            return generate(**inputs)

        monkeypatch.setattr(replies._model, "generate", limited)

    (model / "generation_config.json").write_text("{}")
    monkeypatch.setattr(engine, "usable_cpus", lambda: 1)
    replies = ArtifactReplies(model, lambda rows: None)
    scarce(replies)
    assert replies([row(q) for q in QUESTIONS], TOKENS) == plain
    assert max(rows) > 3
    assert rows.index(max(rows)) == 0
    assert all(size <= 3 for size in rows[rows.index(2) :])


def test_one_prompt_that_does_not_fit_is_out_of_memory(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_fits(**inputs: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    replies = ArtifactReplies(model, lambda rows: None)
    monkeypatch.setattr(replies._model, "generate", none_fits)
    with pytest.raises(torch.OutOfMemoryError):
        replies([row(q) for q in QUESTIONS], TOKENS)


def test_a_base_model_is_asked_with_the_candidates_arguments(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "thinks"
    shutil.copytree(model, folder)
    template = (folder / "chat_template.jinja").read_text()
    ending = "{% if add_generation_prompt and thinking is false %}<think>\n\n</think>\n\n{% endif %}"
    (folder / "chat_template.jinja").write_text(template + ending)
    argument = TemplateArgument(name="thinking", value="false")
    plain, given = (
        ArtifactReplies(folder, lambda rows: None, arguments)([row("q")], 2)
        for arguments in ((), (argument,))
    )
    assert isinstance(plain[0], Said)
    assert isinstance(given[0], Said)
    assert given[0].prompt_tokens - plain[0].prompt_tokens == len("<think>\n\n</think>\n\n")
