"""Rows that cannot be read are rejected with a code, whatever is wrong with them, and the rest is read."""

from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.readers import format_of
from sluice_trainer.data.readers.jsonl import read_jsonl
from sluice_trainer.data.readers.record import MAX_ROW_BYTES, NoRow, Record
from sluice_trainer.data.rejected import RejectedRow

GOOD = b'{"a": 1}'
SOURCE = Source(name="rows", locator="s3://bucket/rows.txt", mapper="ChatMessages")
REJECTED = {
    "cut off": (b'{"a": ', "parse_error"),
    "not UTF-8": (b'{"a": "\xff"}', "not_utf8"),
    "NUL byte": (b'{"a": "\0"}', "nul_byte"),
    "NaN": (b'{"a": NaN}', "parse_error"),
    "infinity": (b'{"a": -Infinity}', "parse_error"),
    "a number beyond every float": (b'{"a": 1e999}', "parse_error"),
    "a key twice": (b'{"a": 1, "a": 2}', "parse_error"),
    "a key of an inner object twice": (b'{"a": [{"b": 1, "b": 2}]}', "parse_error"),
    "a million keys, one twice": (
        b"{" + b",".join(b'"%d":0' % (i % 300_000) for i in range(300_001)) + b"}",
        "parse_error",
    ),
    "nested deep": (b"[" * 100_000 + b"]" * 100_000, "parse_error"),
    "lone surrogate": (b'{"a": "\\ud800"}', "parse_error"),
    "lone surrogate in a key": (b'{"\\udc00": 1}', "parse_error"),
    "a number without end": (b'{"a": ' + b"9" * 10_000 + b"}", "parse_error"),
    "two values": (b"{} {}", "parse_error"),
    "a byte order mark in the middle": (b"\xef\xbb\xbf{}", "parse_error"),
    "over long": (b'{"a": "' + b"x" * MAX_ROW_BYTES + b'"}', "row_too_long"),
    "longer than memory should hold": (b'{"a": "' + b"x" * 12 * MAX_ROW_BYTES + b'"}', "row_too_long"),
}


def _read(path: Path, data: bytes) -> list[Record]:
    path.write_bytes(data)
    return list(read_jsonl(path, SOURCE, ()))


@pytest.mark.parametrize("fault", REJECTED)
def test_D08_a_broken_line_is_rejected_with_a_code_and_its_neighbours_are_read(
    tmp_path: Path, fault: str
) -> None:
    data, code = REJECTED[fault]
    first, broken, last = _read(tmp_path / "f", b"\n".join([GOOD, data, GOOD]))
    assert (first, last) == (Record(1, {"a": 1}), Record(3, {"a": 1}))
    assert broken.line == 2
    assert isinstance(broken.value, RejectedRow)
    assert broken.value.code == code
    assert 0 < len(broken.value.detail) <= 200


def test_byte_order_mark_line_endings_and_blank_lines_are_no_content(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n  \n" + GOOD
    assert _read(tmp_path / "f", data) == [
        Record(1, {"a": 1}),
        Record(2, NoRow.BLANK),
        Record(3, NoRow.BLANK),
        Record(4, {"a": 1}),
    ]


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    text = "one\u2028two\u0085three\u000b"
    data = ('{"a": "' + text.replace("\u000b", "\\u000b") + '"}\n').encode() + GOOD
    assert [record.value for record in _read(tmp_path / "f", data)] == [{"a": text}, {"a": 1}]


def test_escaped_characters_are_data(tmp_path: Path) -> None:
    [row] = _read(tmp_path / "f", b'{"a": "\\u0000 \\ud83d\\ude00\\r\\n"}')
    assert row == Record(1, {"a": "\0 😀\r\n"})


def test_a_source_without_format_and_known_ending_is_refused() -> None:
    unknown = SOURCE.model_copy(update={"locator": "s3://bucket/rows"})
    with pytest.raises(InputWrong, match="set format to JSONL or CSV") as caught:
        format_of(unknown)
    assert caught.value.reason == reasons.FORMAT_UNKNOWN
    assert format_of(SOURCE.model_copy(update={"format": "CSV"})) == "CSV"
