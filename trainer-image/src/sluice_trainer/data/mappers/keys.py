"""Keys of rows and turns that a mapper does not read: some would change what is trained, others are ignored.

A key with a neutral value, such as `tools: []` or `weight: 1`, says nothing and is harmless.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sluice_trainer.data.rejected import RejectedRow, found

_WEIGHTS: Final = (
    "weight",
    "weights",
    "sample_weight",
    "train",
    "trainable",
    "train_on_turn",
    "training",
    "loss",
    "loss_weight",
    "loss_mask",
    "loss_masks",
)
"""1 means that a turn is trained as it is, alone or for each of several."""
_MASKS: Final = ("mask", "masks", "masked", "training_detail")
"""Projects differ in which value of these means that a turn is trained, but what is not masked is trained."""
_REASONING: Final = (
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "thinking",
    "thinking_blocks",
    "thought",
)
_TOOLS: Final = ("tools", "functions", "tool_choice", "function_call", "tool_calls", "available_tools")
_MEDIA: Final = (
    "image",
    "images",
    "image_url",
    "input_image",
    "video",
    "videos",
    "video_url",
    "audio",
    "audios",
    "audio_url",
    "input_audio",
)
_FILES: Final = ("file", "files", "input_file", "attachments")
"""Media in a turn; beside a row they name where it came from."""

_ROW_CODES: Final = {
    **dict.fromkeys((*_WEIGHTS, *_MASKS), "loss_weight_unsupported"),
    **dict.fromkeys(_REASONING, "reasoning_unsupported"),
    **dict.fromkeys(_TOOLS, "tools_unsupported"),
    **dict.fromkeys(_MEDIA, "media_unsupported"),
    **dict.fromkeys(("system", "system_prompt", "instructions", "developer"), "system_key_unsupported"),
    "documents": "documents_unsupported",
    **dict.fromkeys(("chat_template", "chat_template_kwargs"), "template_unsupported"),
}
_OF_CONVERSATIONS: Final = (*_MASKS, "instructions", "developer", "documents", "chat_template")
_TABLE_CODES: Final = {key: code for key, code in _ROW_CODES.items() if key not in _OF_CONVERSATIONS}
"""In a table of texts and labels these are columns as any other."""
_TURN_CODES: Final = {
    **dict.fromkeys((*_WEIGHTS, *_MASKS), "loss_weight_unsupported"),
    **dict.fromkeys(_REASONING, "reasoning_unsupported"),
    **dict.fromkeys((*_TOOLS, "tool_call_id", "tool_responses"), "tool_calls_unsupported"),
    **dict.fromkeys((*_MEDIA, *_FILES), "media_unsupported"),
    "refusal": "refusal_unsupported",
    "name": "name_unsupported",
}
_PART_CODES: Final = {
    **_TURN_CODES,
    **dict.fromkeys(("tool_use", "tool_result", "tool_call"), "tool_calls_unsupported"),
    "document": "media_unsupported",
    "redacted_thinking": "reasoning_unsupported",
}
_TRAINED: Final = (1, "1", "1.0", "true", "True")
_UNMASKED: Final = (0, "0", "false", "False")


def unsupported_in_row(row: Mapping[str, Any], used: Iterable[str]) -> RejectedRow | None:
    """Why the row cannot be used: a key next to the used ones that would change what is trained."""
    return _first_fault(row, frozenset(used), _ROW_CODES)


def unsupported_in_table(row: Mapping[str, Any], used: Iterable[str]) -> RejectedRow | None:
    """The same for a row of a table, whose columns may have names that only conversations give a meaning."""
    return _first_fault(row, frozenset(used), _TABLE_CODES)


def unsupported_in_turn(turn: Mapping[str, Any]) -> RejectedRow | None:
    """The same for a turn. Nothing is trained on the turns of users, so their weight may be 0."""
    replies = turn.get("role") == "assistant"
    skipped = frozenset(() if replies else (*_WEIGHTS, *_MASKS))
    return _first_fault(turn, skipped, _TURN_CODES)


def unsupported_in_parts(parts: Iterable[Any]) -> RejectedRow | None:
    """Why a content that is a list of parts cannot be used: the first part that is no text."""
    for number, part in enumerate(parts, 1):
        if isinstance(part, Mapping):
            kinds = (part["type"],) if isinstance(part.get("type"), str) else tuple(part)
            for kind in kinds:
                if (code := _PART_CODES.get(kind)) is not None:
                    return RejectedRow(code, f"part {number} of its content is {found(kind)}, wanted text")
    return None


def ignored_keys(row: Mapping[str, Any], used: Iterable[str], codes: Iterable[str] = _ROW_CODES) -> list[str]:
    """Keys that nothing is taken from. A neutral value of a key in the table says what happens anyway."""
    known = {*used, *codes}
    return [key for key in row if key not in known]


def ignored_columns(row: Mapping[str, Any], used: Iterable[str]) -> list[str]:
    """Columns of a table that nothing is taken from."""
    return ignored_keys(row, used, _TABLE_CODES)


def ignored_turn_keys(turns: Iterable[Mapping[str, Any]]) -> list[str]:
    """Keys of turns that nothing is taken from, each once."""
    return sorted({key for turn in turns for key in ignored_keys(turn, ("role", "content"), _TURN_CODES)})


def _first_fault(
    keys: Mapping[str, Any], used: frozenset[str], codes: Mapping[str, str]
) -> RejectedRow | None:
    for key, value in keys.items():
        code = codes.get(key)
        if code is not None and key not in used and not _is_neutral(key, value):
            return RejectedRow(code, f"key {found(key)} is {found(value)}, which training would leave out")
    return None


def _is_neutral(key: str, value: Any) -> bool:
    """Whether a value says what happens anyway. `True == 1` in Python, so that both are meant by 1."""
    if value is None or (isinstance(value, str | list | dict) and not value):
        return True
    values = value if isinstance(value, list) else [value]
    if key in _WEIGHTS:
        return all(one in _TRAINED for one in values)
    return key == "masked" and all(one in _UNMASKED for one in values)
