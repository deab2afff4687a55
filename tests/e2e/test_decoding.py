"""What is judged is what is served: replies of evaluate and of the slot are the same, token by token."""

import json
import logging
import random
from collections.abc import Callable, Iterator
from string import ascii_lowercase
from typing import Any

import httpx
import pytest

from support.evalbench import save_talking
from support.node import PATIENCE_SECONDS, TINY, Node
from support.nodestory import LABELS, MODEL, add_file, gate_spec, pack_spec, rows, run_spec
from support.story import Story
from support.tinymodel import tiny_tokenizer

pytestmark = pytest.mark.slow

SPACE = "e2e-decoding"
PROMPTS, NEW_TOKENS, MOST_DIFFERENT = 200, 24, 4
"""Greedy replies may part where two tokens are equally likely, for engines add up in another order."""


def hostile_settings() -> dict[str, Any]:
    """Sampling, penalties, beams and more: each would change replies if anybody listened to it."""
    letters = tiny_tokenizer().convert_tokens_to_ids(list(ascii_lowercase))
    return {
        "do_sample": True,
        "temperature": 3.0,
        "top_k": 3,
        "top_p": 0.5,
        "min_p": 0.1,
        "repetition_penalty": 3.0,
        "no_repeat_ngram_size": 2,
        "num_beams": 4,
        "length_penalty": 2.0,
        "min_new_tokens": 4,
        "suppress_tokens": letters[:13],
        "max_new_tokens": 3,
    }


def questions() -> list[str]:
    """Prompts of many lengths, the same in each life."""
    dice = random.Random(7)
    words = ["".join(dice.choices(ascii_lowercase, k=dice.randint(2, 9))) for _ in range(60)]
    return [f"{n} {' '.join(dice.choices(words, k=dice.randint(1, 9)))}?" for n in range(PROMPTS)]


@pytest.fixture(scope="module")
def talking(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A model with its own ideas about decoding, judged and live."""
    folder = save_talking(tmp_path_factory.mktemp("talking") / MODEL, seed=3, heads=2)
    settings = json.loads((folder / "generation_config.json").read_text()) | hostile_settings()
    (folder / "generation_config.json").write_text(json.dumps(settings))
    space = node.make_space(SPACE)
    node.import_model(space.name, folder, MODEL)
    turns = [[{"role": "user", "content": q}, {"role": "assistant", "content": "aye"}] for q in questions()]
    add_file(space, "train-rows", rows("Say it, please, number", 16))
    add_file(space, "gold-rows", "".join(f"{json.dumps({'messages': m})}\n" for m in turns))
    space.add("DatasetPack", "train", pack_spec("train-rows"))
    space.add("DatasetPack", "gold", pack_spec("gold-rows", purpose="Evaluation"))
    run = run_spec(space, steps=1)
    run["hyperparameters"]["learningRate"] = "1e-9"
    space.add("TrainingRun", "first", run, LABELS)
    gate = gate_spec({"selector": {"matchLabels": LABELS}}, generation={"maxNewTokens": NEW_TOKENS})
    space.add("EvalGate", "gate", gate)
    serving = {"maxModelLength": 256}
    space.add("Deployment", "live", {"gateRef": {"name": "gate"}, "profile": TINY, "serving": serving})
    space.wait_condition("Deployment", "live", "Ready", seconds=2 * PATIENCE_SECONDS)
    yield Story(node, space)
    node.drop_spaces([SPACE], wait=True)


def judged(story: Story) -> list[str]:
    """What evaluate heard, by the order of the rows."""
    found = [
        r["data"] for r in story.space.list("ControllerRevision") if r["data"].get("record") == "verdict"
    ]
    (verdict,) = (v for v in found if v["digest"] == story.digest)
    lines = story.node.stored(SPACE, f"{verdict['results']['uri']}/gold.jsonl").read_text().splitlines()
    return [str(json.loads(line)["prediction"]) for line in lines]


def served(story: Story, **more: Any) -> list[str]:
    """What a client hears that names nothing but the model and the length, unless told otherwise."""
    replies = []
    with httpx.Client(base_url=story.url, timeout=PATIENCE_SECONDS) as client:
        for question in questions():
            body = {"model": "live", "messages": [{"role": "user", "content": question}], **more}
            answer = client.post("/chat/completions", json=body | {"max_tokens": NEW_TOKENS})
            assert answer.status_code == httpx.codes.OK, answer.text
            replies.append(str(answer.json()["choices"][0]["message"]["content"] or ""))
    return replies


def test_the_artifact_still_names_its_own_settings(talking: Story) -> None:
    uri = talking.space.get("TrainingRun", "first")["status"]["artifact"]["uri"]
    settings = json.loads(talking.node.stored(SPACE, f"{uri}/generation_config.json").read_text())
    assert {name: settings[name] for name in hostile_settings()} == hostile_settings()


@pytest.mark.parametrize("more", [{}, {"temperature": 0.0}])
def test_what_is_judged_is_what_is_served(
    talking: Story, more: dict[str, Any], record_property: Callable[[str, object], None]
) -> None:
    before, now = judged(talking), served(talking, **more)
    assert len(before) == len(now) == PROMPTS
    assert len(set(before)) > PROMPTS // 10, "replies that are all alike prove nothing"
    parted = [(q, a, b) for q, a, b in zip(questions(), before, now, strict=True) if a != b]
    record_property("different", f"{len(parted)} of {PROMPTS}")
    logging.getLogger(__name__).warning("%d of %d replies differ: %s", len(parted), PROMPTS, parted)
    assert len(parted) <= MOST_DIFFERENT, parted
