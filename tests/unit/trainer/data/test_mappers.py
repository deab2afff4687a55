"""Mappers take what is there, or reject with a stable code."""

from typing import Any

import pytest

from sluice_api.datasetpack import Classification, Fields, Source
from sluice_trainer.data.mappers import MAPPERS
from sluice_trainer.data.mappers.example import Example
from sluice_trainer.data.rejected import RejectedRow

TASK = Classification(labels=("red", "blue"), instruction="Pick one of {labels}.")
USER = {"role": "user", "content": "hi"}
REPLY = {"role": "assistant", "content": "hello"}
SYSTEM = {"role": "system", "content": "be brief"}


def _map(
    mapper: str, row: dict[str, Any], task: Classification | None = None, fields: Fields | None = None
) -> Example | RejectedRow:
    source = Source.parse(
        {"name": "rows", "locator": "s3://bucket/rows.jsonl", "mapper": mapper}
        | ({"fields": fields.dump()} if fields else {})
    )
    return MAPPERS[mapper](row, source, task)


def _code(mapped: Example | RejectedRow) -> str:
    """Code of a rejected row, which always has a detail."""
    assert isinstance(mapped, RejectedRow)
    assert mapped.detail
    return mapped.code


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
    assert _code(_map("ChatMessages", row)) == code


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
    assert _code(_map("LabelToClassification", row, TASK)) == code


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
    assert _code(_map("ChatMessages", {"messages": [USER, REPLY]}, TASK)) == "label_not_allowed"


@pytest.mark.parametrize(
    ("turn", "code"),
    [
        ({"weight": 0}, "loss_weight_unsupported"),
        ({"weight": 0.5}, "loss_weight_unsupported"),
        ({"train": False}, "loss_weight_unsupported"),
        ({"function_call": {"name": "w"}}, "tool_calls_unsupported"),
        ({"tool_calls": [{}]}, "tool_calls_unsupported"),
        ({"tool_call_id": "1"}, "tool_calls_unsupported"),
        ({"reasoning_content": "hm"}, "reasoning_unsupported"),
        ({"thinking": "hm"}, "reasoning_unsupported"),
        ({"name": "Ann"}, "name_unsupported"),
        ({"images": ["a.png"]}, "media_unsupported"),
    ],
)
def test_a_key_of_a_turn_that_changes_what_is_trained_rejects_the_row(
    turn: dict[str, Any], code: str
) -> None:
    mapped = _map("ChatMessages", {"messages": [USER, REPLY | turn]})
    assert _code(mapped) == code
    assert isinstance(mapped, RejectedRow)
    assert f'"{next(iter(turn))}"' in mapped.detail


@pytest.mark.parametrize("mapper", ["ChatMessages", "LabelToClassification"])
@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"tools": [{"type": "function"}]}, "tools_unsupported"),
        ({"system": "be brief"}, "system_key_unsupported"),
        ({"weight": 0}, "loss_weight_unsupported"),
        ({"weight": "0"}, "loss_weight_unsupported"),
        ({"train": False}, "loss_weight_unsupported"),
        ({"thinking": "hm"}, "reasoning_unsupported"),
    ],
)
def test_a_key_of_a_row_that_changes_what_is_trained_rejects_it(
    mapper: str, keys: dict[str, Any], code: str
) -> None:
    row = {"messages": [USER, REPLY], "text": "apple", "label": "red"} | keys
    assert _code(_map(mapper, row, TASK if mapper == "LabelToClassification" else None)) == code


def test_neutral_keys_are_harmless_and_others_are_named_as_ignored() -> None:
    turns = [
        USER | {"weight": 0, "id": 1},
        REPLY | {"weight": 1, "train": True, "tool_calls": [], "name": None},
    ]
    mapped = _map("ChatMessages", {"messages": turns, "tools": [], "system": "", "id": 7, "source": "web"})
    assert isinstance(mapped, Example)
    assert mapped.ignored == ("id", "source", "messages[].id")


@pytest.mark.parametrize(
    "keys", [{"loss_mask": 1}, {"weights": [1, 1]}, {"sample_weight": 1.0}, {"masked": False}, {"mask": None}]
)
def test_a_mask_that_leaves_nothing_out_is_harmless(keys: dict[str, Any]) -> None:
    assert isinstance(_map("ChatMessages", {"messages": [USER, REPLY | keys]} | keys), Example)


def test_in_a_table_words_of_conversations_are_columns_as_any_other() -> None:
    row = {"text": "a", "label": "red", "mask": "m", "documents": "d", "instructions": "i"}
    mapped = _map("LabelToClassification", row, TASK)
    assert isinstance(mapped, Example)
    assert mapped.ignored == ("mask", "documents", "instructions")
    assert _code(_map("LabelToClassification", row | {"image": "a.png"}, TASK)) == "media_unsupported"


def test_a_column_that_is_used_is_never_unsupported() -> None:
    mapped = _map("LabelToClassification", {"system": "a", "label": "red"}, TASK, Fields(text="system"))
    assert isinstance(mapped, Example)
    assert mapped.ignored == ()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("input_audio", "media_unsupported"),
        ("file", "media_unsupported"),
        ("image_url", "media_unsupported"),
        ("video", "media_unsupported"),
        ("tool_use", "tool_calls_unsupported"),
        ("thinking", "reasoning_unsupported"),
        ("refusal", "refusal_unsupported"),
        ("text", "invalid_messages_shape"),
    ],
)
def test_a_part_of_a_content_has_the_code_of_what_it_is(kind: str, code: str) -> None:
    parts = [{"type": "text", "text": "q"}, {"type": kind, kind: {}}]
    assert _code(_map("ChatMessages", {"messages": [{"role": "user", "content": parts}, REPLY]})) == code


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"instructions": "be brief"}, "system_key_unsupported"),
        ({"documents": [{"text": "a"}]}, "documents_unsupported"),
        ({"chat_template_kwargs": {"enable_thinking": True}}, "template_unsupported"),
        ({"weights": [1, 0]}, "loss_weight_unsupported"),
        ({"available_tools": ["a"]}, "tools_unsupported"),
        ({"image_url": "a"}, "media_unsupported"),
    ],
)
def test_more_keys_of_a_row_that_change_what_is_trained(keys: dict[str, Any], code: str) -> None:
    assert _code(_map("ChatMessages", {"messages": [USER, REPLY]} | keys)) == code


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"mask": 0}, "loss_weight_unsupported"),
        ({"masked": True}, "loss_weight_unsupported"),
        ({"refusal": "no"}, "refusal_unsupported"),
        ({"refusal": "no", "content": None}, "refusal_unsupported"),
        ({"thinking_blocks": [1]}, "reasoning_unsupported"),
        ({"files": ["a"]}, "media_unsupported"),
    ],
)
def test_more_keys_of_a_turn_that_change_what_is_trained(keys: dict[str, Any], code: str) -> None:
    assert _code(_map("ChatMessages", {"messages": [USER, REPLY | keys]})) == code


def test_messages_that_are_null_are_not_called_absent() -> None:
    mapped = _map("ChatMessages", {"messages": None})
    assert isinstance(mapped, RejectedRow)
    assert mapped.detail == '"messages" is null, wanted a list of turns'
