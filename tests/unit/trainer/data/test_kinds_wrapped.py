"""Files that hold no rows, or all rows in one value: each refused whole with its own sentence."""

import json
import struct
import zlib
from typing import Any

import pytest

from sluice_trainer.data.kinds import identify

TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]
ROW = {"messages": TURNS}


def _what(data: bytes) -> str | None:
    kind = identify(data, len(data), "JSONL")
    return kind and f"{kind.what}; {kind.advice}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"data": [ROW]}, ".data[]"),
        ({"train": [ROW], "test": []}, ".train[]"),
        ({"features": [], "rows": [{"row_idx": 0, "row": ROW}]}, ".rows[].row"),
        ({"text": {"0": "a", "1": "b"}}, "orient='records'"),
        ({"columns": ["text"], "index": [0], "data": [["a"]]}, "orient='records'"),
        ({"error": "Entry not found"}, "error reply"),
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_one_object_with_all_rows(value: dict[str, Any], told: str, indent: int | None) -> None:
    assert told in str(_what(json.dumps(value, indent=indent).encode()))


@pytest.mark.parametrize("row", [ROW, {"data": TURNS}, {"text": "a", "label": "b"}])
def test_a_file_of_one_row_is_read(row: dict[str, Any]) -> None:
    assert _what(json.dumps(row).encode()) is None


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"error": "E42", "text": "a", "label": "b"}, ("text", "label")),
        ({"features": "big", "text": "a", "label": "b"}, ("text", "label")),
        ({"items": [{"speaker": "ann", "says": "hi"}]}, ("items",)),
        ({"data": [ROW], "text": "a", "label": 1}, ("text", "label")),
    ],
)
def test_an_object_with_the_columns_of_a_row_is_a_row(row: dict[str, Any], columns: tuple[str, ...]) -> None:
    data = json.dumps(row).encode()
    assert identify(data, len(data), "JSONL", columns) is None
    assert identify(data, len(data), "JSONL", ("prompt",)) is not None


def test_a_table_by_column_is_no_row() -> None:
    data = json.dumps({"text": {"0": "a"}, "label": {"0": "b"}}).encode()
    kind = identify(data, len(data), "JSONL", ("text", "label"))
    assert kind is not None
    assert "by column" in kind.what


@pytest.mark.parametrize(
    "text", ["Unauthorized\nrequest 7\n", "Forbidden.\r\na\r\n", "Bad Gateway", "Unauthorized: no token\n"]
)
def test_a_header_that_is_an_error_is_an_error(text: str) -> None:
    kind = identify(text.encode(), len(text), "CSV", ("text", "label"))
    assert kind is not None
    assert kind.what == "an error message"


def test_brackets_alone_are_no_array_of_rows() -> None:
    assert _what(b"[" * 100_000) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("AccessDenied: Access Denied\n", "an error message"),
        ("Entry not found", "an error message"),
        ("404: Not Found", "an error message"),
        ("curl: (6) Could not resolve host: x\n", "an error message"),
        ('Traceback (most recent call last):\n  File "x.py"\n', "a stack trace"),
        ("Once upon a time there was a model.\nIt had rows.\n", "plain text"),
        ("```json\n{}\n```\n", "Markdown"),
        ('<<<<<<< HEAD\n{"a": 1}\n', "merge conflict"),
    ],
)
def test_text_that_holds_no_rows(text: str, told: str) -> None:
    assert told in str(_what(text.encode()))


def test_a_damaged_first_row_does_not_refuse_the_file() -> None:
    assert _what(b'garbage\n{"a": 1}\n') is None


@pytest.mark.parametrize("length", [9, 20, 700])
def test_a_safetensors_file_that_is_cut_is_no_pickle(length: int) -> None:
    header = b"{" + b" " * 0x27F
    assert "safetensors" in str(_what((struct.pack("<Q", 0x280) + header + bytes(100))[:length]))


@pytest.mark.parametrize("level", [1, 6, 9])
def test_a_zlib_stream_is_named(level: int) -> None:
    told = str(_what(zlib.compress(bytes(range(256)) * 4, level)))
    assert "compressed with zlib; decompress it: python3" in told
