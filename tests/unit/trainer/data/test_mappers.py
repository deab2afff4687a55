"""Mappers take what is there, or reject with a stable code."""

from typing import Any

import pytest

from sluice_api.datasetpack import Classification, Fields, Source
from sluice_trainer.data.mappers import MAPPERS
from sluice_trainer.data.mappers.example import Example, Rejected

TASK = Classification(labels=("red", "blue"), instruction="Pick one of {labels}.")
USER = {"role": "user", "content": "hi"}
REPLY = {"role": "assistant", "content": "hello"}
SYSTEM = {"role": "system", "content": "be brief"}


def _map(
    mapper: str, row: dict[str, Any], task: Classification | None = None, fields: Fields | None = None
) -> Example | Rejected:
    source = Source.parse(
        {"name": "rows", "locator": "s3://bucket/rows.jsonl", "mapper": mapper}
        | ({"fields": fields.dump()} if fields else {})
    )
    return MAPPERS[mapper](row, source, task)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({}, "missing_messages"),
        ({"messages": None}, "missing_messages"),
        ({"messages": "hi"}, "invalid_messages_shape"),
        ({"messages": [USER, "hello"]}, "invalid_messages_shape"),
        ({"messages": [USER, {"role": "assistant"}]}, "invalid_messages_shape"),
        ({"messages": [USER, {"role": "assistant", "content": ["hello"]}]}, "invalid_messages_shape"),
        ({"messages": [USER, {"role": "assistant", "tool_calls": [{}]}]}, "tool_calls_unsupported"),
        ({"messages": [USER, {"role": "robot", "content": "hello"}]}, "unknown_role"),
        ({"messages": [USER, SYSTEM, REPLY]}, "misplaced_system"),
        ({"messages": []}, "no_valid_turns"),
        ({"messages": [SYSTEM, REPLY]}, "no_valid_turns"),
        ({"messages": [{"role": "user", "content": " \n"}, REPLY]}, "no_valid_turns"),
        ({"messages": [USER]}, "missing_assistant_reply"),
        ({"messages": [USER, REPLY, USER]}, "missing_assistant_reply"),
        ({"messages": [USER, {"role": "assistant", "content": "\t"}]}, "missing_assistant_reply"),
    ],
)
def test_chat_messages_rejects_with_one_code_per_fault(row: dict[str, Any], code: str) -> None:
    assert _map("ChatMessages", row) == Rejected(code)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"label": "red"}, "missing_text"),
        ({"text": 7, "label": "red"}, "missing_text"),
        ({"text": " ", "label": "red"}, "missing_text"),
        ({"text": "apple"}, "missing_label"),
        ({"text": "apple", "label": ""}, "missing_label"),
        ({"text": "apple", "label": True}, "missing_label"),
        ({"text": "apple", "label": "green"}, "label_not_allowed"),
        ({"text": "apple", "label": "red "}, "label_not_allowed"),
        ({"text": "apple", "label": 7}, "label_not_allowed"),
    ],
)
def test_label_to_classification_rejects_with_one_code_per_fault(row: dict[str, Any], code: str) -> None:
    assert _map("LabelToClassification", row, TASK) == Rejected(code)


def test_a_classification_asks_with_instruction_and_labels_and_answers_with_the_label() -> None:
    example = _map("LabelToClassification", {"text": "apple {labels}", "label": "red"}, TASK)
    assert isinstance(example, Example)
    assert example.label == "red"
    assert example.messages == (
        {"role": "user", "content": "Pick one of red, blue.\n\napple {labels}"},
        {"role": "assistant", "content": "red"},
    )


def test_white_space_in_content_is_data() -> None:
    content = "\t if x:\n\n\t\treturn  1 \r\n"
    example = _map("ChatMessages", {"messages": [USER, {"role": "assistant", "content": content}]})
    assert isinstance(example, Example)
    assert example.messages[-1]["content"] == content


def test_columns_may_have_other_names() -> None:
    fields = Fields(text="body", label="team")
    example = _map("LabelToClassification", {"body": "apple", "team": "blue"}, TASK, fields)
    assert isinstance(example, Example)
    assert example.label == "blue"


def test_the_reply_of_a_chat_is_the_label_in_a_classification() -> None:
    row = {"messages": [USER, {"role": "assistant", "content": "red"}]}
    example = _map("ChatMessages", row, TASK)
    assert isinstance(example, Example)
    assert example.label == "red"
    assert _map("ChatMessages", {"messages": [USER, REPLY]}, TASK) == Rejected("label_not_allowed")
