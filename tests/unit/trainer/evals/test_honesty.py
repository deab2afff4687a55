"""Overlap of prompts."""

import pytest

from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.evals.honesty import complaint, normal_form, overlap, prompts_of, trained_prompts


def turns(*texts: str) -> list[ChatMessage]:
    """User and assistant in turn."""
    return [
        ChatMessage(role="user" if place % 2 == 0 else "assistant", content=text)
        for place, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Hello,  World!", "hello world"),
        ("snake_case-and\tTABS", "snake case and tabs"),
        ("Größe 12", "größe 12"),
        ("打印机坏了", "打印机坏了"),
        (" 🙂🙂 ", "🙂🙂"),
    ],
)
def test_normal_form(text: str, form: str) -> None:
    assert normal_form(text) == form


def test_D15_one_copied_prompt_is_found_and_one_changed_word_is_none() -> None:
    trained = trained_prompts(turns("My printer is broken!", "hardware"), "")
    asked = {
        "copy": prompts_of(turns("my PRINTER is broken"), ""),
        "other": prompts_of(turns("my scanner is broken"), ""),
    }
    found = overlap("triage", asked, trained)
    assert (found.items, found.shared) == (2, ("copy",))


def test_every_answered_turn_of_a_conversation_is_a_prompt() -> None:
    trained = trained_prompts(turns("first", "yes", "second", "no"), "")
    assert trained == {"first", "first second"}


def test_another_instruction_hides_no_copy() -> None:
    trained = trained_prompts(turns("Name the team.\n\nmy printer smokes", "hardware"), "Name the team.\n\n")
    asked = {"copy": prompts_of(turns("Which team? \n\nMy printer smokes"), "Which team? \n\n")}
    assert overlap("triage", asked, trained).shared == ("copy",)
    plain = {"copy": prompts_of(turns("my printer smokes"), "")}
    assert overlap("triage", plain, trained).shared == ("copy",)


def test_the_complaint_counts_and_names() -> None:
    nothing = overlap("clean", {"a": {"x"}}, {"y"})
    something = overlap("triage", {"a": {"x"}, "b": {"y"}}, {"y"})
    assert complaint([nothing]) is None
    assert complaint([nothing, something]) == (
        "1 of 2 prompts of suite triage stand in a training pack, such as item b"
    )
