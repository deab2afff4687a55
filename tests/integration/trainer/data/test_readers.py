"""Broken lines become sentinels, whatever is wrong with them, and the rest is read."""

from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.readers import reader_for
from sluice_trainer.data.readers.csvfile import read_csv
from sluice_trainer.data.readers.jsonl import read_jsonl
from sluice_trainer.data.readers.record import MAX_ROW_BYTES, Broken, Record

GOOD = b'{"a": 1}'
BROKEN_LINES = {
    "cut off": b'{"a": ',
    "not UTF-8": b'{"a": "\xff"}',
    "NUL byte": b'{"a": "\0"}',
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a key twice": b'{"a": 1, "a": 2}',
    "nested deep": b"[" * 100_000 + b"]" * 100_000,
    "lone surrogate": b'{"a": "\\ud800"}',
    "a number without end": b'{"a": ' + b"9" * 10_000 + b"}",
    "two values": b"{} {}",
    "over long": b'{"a": "' + b"x" * MAX_ROW_BYTES + b'"}',
}


def _read(path: Path, data: bytes) -> list[Record | Broken]:
    path.write_bytes(data)
    return list(read_jsonl(path))


@pytest.mark.parametrize("fault", BROKEN_LINES)
def test_D08_a_broken_line_becomes_a_sentinel_and_its_neighbours_are_read(tmp_path: Path, fault: str) -> None:
    first, broken, last = _read(tmp_path / "f", b"\n".join([GOOD, BROKEN_LINES[fault], GOOD]))
    assert (first, last) == (Record(1, {"a": 1}), Record(3, {"a": 1}))
    assert isinstance(broken, Broken)
    assert broken.line == 2
    assert broken.why


def test_byte_order_mark_line_endings_and_blank_lines_are_no_content(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n  \n" + GOOD
    assert _read(tmp_path / "f", data) == [Record(1, {"a": 1}), Record(4, {"a": 1})]


def test_escaped_characters_are_data(tmp_path: Path) -> None:
    [row] = _read(tmp_path / "f", b'{"a": "\\u0000 \\ud83d\\ude00\\r\\n"}')
    assert row == Record(1, {"a": "\0 😀\r\n"})


def test_csv_reads_quotes_line_breaks_and_keeps_white_space(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'\xef\xbb\xbftext,label\r\n"a, ""b""\nc", x \r\n\r\nd,y')
    assert list(read_csv(path)) == [
        Record(3, {"text": 'a, "b"\nc', "label": " x "}),
        Record(5, {"text": "d", "label": "y"}),
    ]


def test_D08_a_broken_csv_row_becomes_a_sentinel(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b'text,label\na,x\nb\nc,x,z\nd\xff,x\n"e"e,x\nf\0,x\ng,x\n"open,x\n')
    rows = list(read_csv(path))
    assert [r.value["text"] for r in rows if isinstance(r, Record)] == ["a", "g"]
    assert sum(isinstance(r, Broken) for r in rows) == 6


def test_a_csv_header_that_repeats_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"text,text\na,b\n")
    with pytest.raises(InputWrong, match="repeated: text") as caught:
        list(read_csv(path))
    assert caught.value.reason == reasons.FORMAT_UNKNOWN


def test_a_source_without_format_and_known_ending_is_refused() -> None:
    source = Source(name="rows", locator="s3://bucket/rows.txt", mapper="ChatMessages")
    with pytest.raises(InputWrong, match="set format to one of JSONL, CSV") as caught:
        reader_for(source)
    assert caught.value.reason == reasons.FORMAT_UNKNOWN
    assert reader_for(source.model_copy(update={"format": "CSV"})) is read_csv
