"""Keys of rows and turns that a mapper does not read: some would change what is trained, others are ignored.

A key with a neutral value, such as `tools: []` or `weight: 1`, says nothing and is harmless.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sluice_trainer.data.rejected import RejectedRow, found

_LOSS: Final = ("weight", "train", "trainable", "loss", "loss_weight", "loss_mask", "train_on_turn")
_REASONING: Final = ("reasoning_content", "reasoning", "thinking")
_TOOLS: Final = ("tools", "functions", "tool_choice", "function_call", "tool_calls")
_MEDIA: Final = ("image", "images", "video", "videos", "audio", "audios")

_ROW_CODES: Final = {
    **dict.fromkeys(_LOSS, "loss_weight_unsupported"),
    **dict.fromkeys(_REASONING, "reasoning_unsupported"),
    **dict.fromkeys(_TOOLS, "tools_unsupported"),
    **dict.fromkeys(_MEDIA, "media_unsupported"),
    **dict.fromkeys(("system", "system_prompt"), "system_key_unsupported"),
}
_TURN_CODES: Final = {
    **dict.fromkeys(_LOSS, "loss_weight_unsupported"),
    **dict.fromkeys(_REASONING, "reasoning_unsupported"),
    **dict.fromkeys((*_TOOLS, "tool_call_id"), "tool_calls_unsupported"),
    **dict.fromkeys(_MEDIA, "media_unsupported"),
    "name": "name_unsupported",
}
_LOSS_NEUTRAL: Final = (1, "1", "1.0", "true", "True")


def unsupported_in_row(row: Mapping[str, Any], used: Iterable[str]) -> RejectedRow | None:
    """Why the row cannot be used: a key next to the used ones that would change what is trained."""
    return _first_fault(row, frozenset(used), _ROW_CODES)


def unsupported_in_turn(turn: Mapping[str, Any]) -> RejectedRow | None:
    """The same for a turn. Nothing is trained on the turns of users, so their weight may be 0."""
    replies = turn.get("role") == "assistant"
    skipped = frozenset(() if replies else _LOSS)
    return _first_fault(turn, skipped, _TURN_CODES)


def ignored_keys(row: Mapping[str, Any], used: Iterable[str], codes: Iterable[str] = _ROW_CODES) -> list[str]:
    """Keys that nothing is taken from. A neutral value of a key in the table says what happens anyway."""
    known = {*used, *codes}
    return [key for key in row if key not in known]


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
    if key in _LOSS and value in _LOSS_NEUTRAL:
        return True
    return value is None or (isinstance(value, str | list | dict) and not value)
