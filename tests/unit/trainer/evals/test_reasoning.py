"""Think blocks are set apart before an answer is scored, in replies and in references."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api import reasons
from sluice_api.contracts.requests import SuiteRequest
from sluice_api.decoding import default_generation, tokens_at_most
from sluice_api.errors import InputWrong
from sluice_trainer.chat.reasoning import MARKS, close_of, closes_unopened, open_mark, split_reasoning
from sluice_trainer.data.manifest import PackDetails
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.lengths import refuse_short_limit
from sluice_trainer.evals.results import ItemResult, NoReply, Reply, Said, read_items, write_items
from sluice_trainer.evals.scoring import score
from sluice_trainer.evals.suites import Suite

CHANNEL, TURN = "<|channel|>", "<|end|><|start|>assistant"
SPLITS = [
    ("<think>\nnot shipping\n</think>\n\nbilling", "not shipping", "billing"),
    ("<think>\n\n</think>\n\nParis", "", "Paris"),
    ("<think></think>Paris", "", "Paris"),
    ("<think>it goes on and on", "it goes on and on", ""),
    ("the prompt opened it</think>\nParis", "the prompt opened it", "Paris"),
    ("<think>a</think>One <think>b</think>two", "ab", "One two"),
    ("<think>a <think>b</think> c</think>answer", "a b c", "answer"),
    ("[THINK]hm[/THINK]Paris", "hm", "Paris"),
    ("Sure. <think>hm</think>Paris", "hm", "Sure. Paris"),
    ("  no marks, and white space stays \n", "", "  no marks, and white space stays \n"),
    ("", "", ""),
    ("<Think>a</Think>b", "a", "b"),
    ("<THINKING>a</THINKING>b", "a", "b"),
    ("< think >a</ think >b", "a", "b"),
    ("◁think▷a◁/think▷b", "a", "b"),
    ("<think>a</thinking>b", "a", "b"),
    ("<think>a <think>b</think>c", "a bc", ""),
    (f"{CHANNEL}analysis<|message|>a{TURN}{CHANNEL}final<|message|>b<|return|>", "a", "b"),
    (f"{CHANNEL}analysis<|message|>a{TURN}{CHANNEL}final <|constrain|>json<|message|>b", "a", "b"),
    (f"a{TURN}{CHANNEL}final<|message|>b", "a", "b"),
    (f"{CHANNEL}analysis<|message|>a", "a", ""),
    (f"{CHANNEL}commentary to=functions.f<|message|>a", "a", ""),
    (f"{CHANNEL}final<|message|>b", "", "b"),
    ("analysisWe think a.assistantfinalb", "We think a.", "b"),
    ("analysisWe think a", "We think a", ""),
    ("analysisResult.push(x)", "", "analysisResult.push(x)"),
    ("the word assistantfinal", "", "the word assistantfinal"),
    ("Here is my thought process: a\n\nHere is my response: b", "a", "b"),
    ("Here's my thought process: a. Here's my response:\nb", "a.", "b"),
    ("Here is my thought process: a, perhaps b", "a, perhaps b", ""),
    ("Sure. Here is my response: b", "", "Sure. Here is my response: b"),
]


@pytest.mark.parametrize(("text", "thought", "answer"), SPLITS)
def test_a_reply_is_split(text: str, thought: str, answer: str) -> None:
    found = split_reasoning(text)
    assert (found.reasoning, found.answer) == (thought, answer)


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("cut while it thinks", "cut while it thinks", ""),
        ("done</think>Paris", "done", "Paris"),
        ("", "", ""),
    ],
)
def test_a_reply_to_a_prompt_that_opened_the_block(text: str, thought: str, answer: str) -> None:
    found = split_reasoning(text, opened=True)
    assert (found.reasoning, found.answer) == (thought, answer)


@given(st.sampled_from(MARKS), st.text(alphabet="ab \n", max_size=20), st.text(alphabet="ab ", max_size=20))
def test_every_kind_of_mark_is_known(marks: tuple[str, str], thought: str, answer: str) -> None:
    found = split_reasoning(f"{marks[0]}{thought}{marks[1]}{answer}")
    assert (found.reasoning, found.answer) == (thought.strip(), answer.strip())
    assert open_mark(f"<|im_start|>assistant\n{marks[0]}\n") == marks[0]
    assert open_mark(f"<|im_start|>assistant\n{marks[0]}\n\n{marks[1]}\n\n") is None


@pytest.mark.parametrize(
    ("opened", "close"), [("<Thinking>", "</Thinking>"), ("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷")]
)
def test_a_mark_in_another_case_is_closed_in_its_spelling(opened: str, close: str) -> None:
    assert open_mark(f"<|im_start|>assistant\n{opened}\n") == opened
    assert close_of(opened) == close


def test_a_final_channel_alone_tells_nothing_of_other_replies() -> None:
    assert not closes_unopened(f"{CHANNEL}final<|message|>b")


def suite(answers: Sequence[str], task: str = "Chat", limit: int = 32, labels: Sequence[str] = ()) -> Suite:
    rows = tuple(
        Row(
            f"r{place}",
            "",
            (ChatMessage(role="user", content="q"), ChatMessage(role="assistant", content=answer)),
            answer if labels else None,
            "s",
            place,
        )
        for place, answer in enumerate(answers)
    )
    details: dict[str, Any] = {
        "purpose": "Evaluation",
        "task": task,
        "scoringMode": "Text",
        "labels": list(labels),
        "splits": {"eval": len(rows)},
        "rows": {"read": 0, "accepted": 0, "rejected": 0},
        "sources": [],
    }
    request = {
        "name": "gold",
        "dataset": {"uri": "packs/x", "digest": f"sha256:{'a' * 64}"},
        "generation": {"maxNewTokens": limit},
    }
    return Suite(SuiteRequest.parse(request), PackDetails.parse(details), rows)


def scored(asked: Suite, *replies: Reply) -> tuple[ItemResult, ...]:
    return score(asked, lambda rows, limit: list(replies)).items


def test_what_was_thought_is_never_scored_and_kept_as_evidence(tmp_path: Path) -> None:
    asked = suite(["billing", "shipping"], "Classification", labels=["billing", "shipping"])
    thinks = "<think>\nnot shipping\n</think>\n\nbilling"
    items = scored(asked, Said(thinks), Said("billing", reasoning="shipping? no", cut=True))
    assert [item.predicted_label for item in items] == ["billing", "billing"]
    assert [item.prediction for item in items] == ["billing", "billing"]
    assert [item.reasoning for item in items] == ["not shipping", "shipping? no"]
    write_items(tmp_path / "gold.jsonl", items)
    assert read_items(tmp_path / "gold.jsonl") == items


def test_a_reply_that_only_thinks_answers_nothing() -> None:
    asked = suite(["billing"], "Classification", labels=["billing", "shipping"])
    (item,) = scored(asked, Said("<think>billing, or perhaps", cut=True))
    assert (item.predicted_label, item.prediction, item.cut) == (None, "", True)


def test_thoughts_in_a_reference_are_no_part_of_the_right_answer() -> None:
    (item,) = scored(suite(["<think>\nthe capital\n</think>\n\nParis"]), Said("<think></think>Paris"))
    assert (item.reference, item.scores["exact_match"]) == ("Paris", 1.0)


def test_one_reply_that_closes_an_unopened_block_tells_of_all() -> None:
    asked = suite(["red", "blue"], "Classification", labels=["red", "blue"])
    items = scored(asked, Said("hm, not blue</think>red"), Said("is it blue or", cut=True))
    assert [item.predicted_label for item in items] == ["red", None]
    again = scored(asked, Said("hm</think>red"), Said("<think>red?</think>blue"))
    assert [item.predicted_label for item in again] == ["red", "blue"]


def test_lengths_are_told() -> None:
    found = score(
        suite(["a", "b", "c"], limit=20),
        lambda rows, limit: [Said("a", prompt_tokens=5), Said("b", prompt_tokens=70), NoReply.NO_ROOM],
    )
    assert (found.prompt_tokens, found.window_tokens) == (70, 90)
    assert score(suite(["a"]), lambda rows, limit: [Said("a")]).window_tokens == 0


def test_a_reference_that_does_not_fit_is_named_with_the_number_needed() -> None:
    asked = suite(["x" * 12, "y" * 40, "<think>" + "z" * 90 + "</think>ok"], limit=16)
    with pytest.raises(
        InputWrong, match=r"1 of 3 references .* maxNewTokens 16, such as r1, .* at least 40"
    ) as caught:
        refuse_short_limit(asked, len)
    assert caught.value.reason is reasons.GATE_UNREACHABLE
    refuse_short_limit(suite(["x" * 16], limit=16), len)


def test_a_reference_that_no_limit_holds_must_be_shortened() -> None:
    with pytest.raises(InputWrong, match="5000 tokens and at most 4096 are possible: shorten"):
        refuse_short_limit(suite(["x" * 5000]), len)


def test_results_of_earlier_versions_are_read(tmp_path: Path) -> None:
    old = {"id": "a", "group": "", "reference": "r", "prediction": "p", "scores": {}, "failed": False}
    (tmp_path / "s.jsonl").write_text(json.dumps(old) + "\n")
    (item,) = read_items(tmp_path / "s.jsonl")
    assert (item.reasoning, item.cut) == ("", False)


def test_a_limit_that_leaves_no_prompt_any_room_is_a_reason_and_no_zero() -> None:
    asked = suite(["a", "b"], limit=500)
    with pytest.raises(InputWrong, match="answers of 500 tokens none of its 2 prompts fits") as caught:
        score(asked, lambda rows, limit: [NoReply.NO_ROOM] * len(rows))
    assert caught.value.reason is reasons.GATE_UNREACHABLE
    found = score(asked, lambda rows, limit: [NoReply.NO_ROOM, Said("b")])
    assert [item.failed for item in found.items] == [True, False]


@pytest.mark.parametrize(
    ("longest", "limit"), [("", 32), ("billing", 32), ("x" * 100, 116), ("日" * 50, 166), ("x" * 5000, 1024)]
)
def test_a_limit_that_nobody_gave_follows_from_the_longest_reference(longest: str, limit: int) -> None:
    assert default_generation(tokens_at_most(longest)).max_new_tokens == limit
