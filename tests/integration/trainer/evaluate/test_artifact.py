"""evaluate and judge with a tiny model of Hugging Face's format."""

import json
from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row
from sluice_trainer.evals import engine
from sluice_trainer.evals.engine import ArtifactReplies
from sluice_trainer.evals.results import Reply, Said
from support.evalbench import Bench, scored, talking_model
from support.tinymodel import CONTEXT, save_tiny, tiny_tokenizer

Models = tuple[Path, Path]
QUESTIONS = [f"question number {n} {'and more ' * (n % 5)}" for n in range(110)]


def own_answers(bench: Bench, model: UriDigest) -> UriDigest:
    """A suite whose right answers are what the model says."""
    asked = bench.pack([(question, "?") for question in QUESTIONS])
    said = bench.items(bench.evaluate(asked, artifact=model.dump()))
    return bench.pack([(q, item.prediction or "nothing") for q, item in zip(QUESTIONS, said, strict=True)])


def row(question: str) -> Row:
    turns = (ChatMessage(role="user", content=question), ChatMessage(role="assistant", content="?"))
    return Row(question, question, turns, None, "s", 1)


def alone(question: str, new_tokens: int) -> list[int]:
    """What the library answers to one prompt by itself."""
    import torch

    tokens, model = tiny_tokenizer(), talking_model(0)
    text = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    ids = torch.tensor([tokens(text, add_special_tokens=False).input_ids])
    output = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new_tokens)
    return [int(i) for i in output[0, ids.shape[1] :]]


def texts(replies: list[Reply]) -> list[str]:
    return [reply.text for reply in replies if isinstance(reply, Said)]


def test_E25_a_hugging_face_model_goes_through_the_gate(bench: Bench, models: Models) -> None:
    first, second = (bench.artifact(folder, folder.name) for folder in models)
    suite = own_answers(bench, first)
    good, bad = (bench.evaluate(suite, artifact=model.dump()) for model in (first, second))
    criteria = [
        {"suite": "s", "metric": "exact_match", "operator": "GreaterOrEqual", "value": "0.9"},
        {
            "suite": "s",
            "metric": "squad_f1",
            "operator": "GreaterOrEqual",
            "value": "0.2",
            "compare": "DeltaToBaseline",
        },
    ]
    passed = bench.judge(suite, good, baseline=scored(bad), criteria=criteria)
    failed = bench.judge(suite, bad, baseline=scored(good), criteria=criteria)
    assert (passed.verdict, passed.reason) == ("Pass", "passed")
    assert (failed.verdict, failed.reason) == ("Fail", "criterion_failed")
    assert [outcome.items for outcome in passed.outcomes] == [110, 110]
    assert passed.outcomes[0].value == "1"


def test_the_same_request_gives_the_same_bytes_on_any_number_of_processors(
    bench: Bench, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = bench.pack([(question, "?") for question in QUESTIONS[:40]])
    model = bench.artifact(models[0], "first")
    monkeypatch.setattr(engine, "usable_cpus", lambda: 1)
    once = bench.evaluate(suite, artifact=model.dump())
    monkeypatch.setattr(engine, "usable_cpus", lambda: 3)
    again = bench.evaluate(suite, artifact=model.dump(), identity="another tick")
    assert once.results.uri != again.results.uri
    assert once.results.digest == again.results.digest


@pytest.mark.parametrize("lead", ["the same beginning of all prompts: ", ""])
def test_batches_and_shared_beginnings_change_no_answer(models: Models, lead: str) -> None:
    questions = [f"{lead}{word * (1 + place)}" for place, word in enumerate(["ab", "xyz", "q", "lorem "] * 5)]
    counted: list[int] = []
    replies = ArtifactReplies(models[0], counted.append)
    tokens = tiny_tokenizer()
    expected = [tokens.decode(alone(question, 6), skip_special_tokens=True) for question in questions]
    assert texts(replies([row(question) for question in questions], 6)) == expected
    assert sum(counted) == len(questions)
    assert len(set(expected)) > 1


def test_a_single_prompt_and_none_are_answered(models: Models) -> None:
    replies = ArtifactReplies(models[0], lambda rows: None)
    assert replies([], 4) == []
    assert len(replies([row("one")], 4)) == 1


def test_a_prompt_without_room_for_an_answer_counts_as_wrong(bench: Bench, models: Models) -> None:
    suite = bench.pack([("short", "?"), ("x" * CONTEXT, "?")])
    result = bench.evaluate(suite, artifact=bench.artifact(models[0], "first").dump())
    assert (result.items, result.failed_calls) == (2, 1)
    assert [item.failed for item in bench.items(result)] == [False, True]


def test_a_changed_byte_is_never_evaluated(bench: Bench, models: Models) -> None:
    suite = bench.pack([("short", "?")])
    model = bench.artifact(models[0], "first")
    weights = bench.root / model.uri / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    refusal = bench.refused("evaluate", artifact=model.dump(), suites=[bench.suite(suite)])
    assert refusal.reason is reasons.ARTIFACT_DIGEST_MISMATCH


def test_weights_that_do_not_fit_the_configuration_are_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(Exception, match="num_hidden_layers is 3, the weights have 2"):
        ArtifactReplies(folder, lambda rows: None)


def test_a_model_without_chat_template_is_refused(bench: Bench, tmp_path: Path) -> None:
    bare = bench.artifact(save_tiny(tmp_path / "bare", with_template=False), "bare")
    suite = bench.pack([("short", "?")])
    refusal = bench.refused("evaluate", artifact=bare.dump(), suites=[bench.suite(suite)])
    assert refusal.reason is reasons.CHAT_TEMPLATE_MISSING
