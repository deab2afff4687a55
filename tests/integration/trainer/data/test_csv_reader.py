"""CSV: each physical line belongs to one record, damage costs its row, what is undecidable is refused."""

from pathlib import Path
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.readers.csvfile import read_csv
from sluice_trainer.data.readers.csvsplit import MAX_ROW_LINES
from sluice_trainer.data.readers.record import MAX_ROW_BYTES, NoRow, Record
from sluice_trainer.data.rejected import RejectedRow

SOURCE = Source(name="tickets", locator="s3://bucket/a/march.csv", mapper="LabelToClassification")
TICKETS = [b"ticket %d about my order,%b" % (i, (b"billing", b"shipping")[i % 2]) for i in range(40)]


def _read(folder: Path, data: bytes, wanted: tuple[str, ...] = ("text", "label")) -> list[Record]:
    path = folder / "rows.csv"
    path.write_bytes(data)
    records = list(read_csv(path, SOURCE, wanted))
    assert [r.line for r in records] == [1 + sum(p.lines for p in records[:i]) for i in range(len(records))]
    assert sum(r.lines for r in records) == data.count(b"\n") + (not data.endswith(b"\n"))
    return records


def _values(records: list[Record]) -> list[Any]:
    """Values of rows; a code stands for a rejected one."""
    rows = [record.value for record in records if not isinstance(record.value, NoRow)]
    return [
        value.code if isinstance(value, RejectedRow) else (value["text"], value["label"]) for value in rows
    ]


def _refusal(folder: Path, data: bytes, reason: reasons.Reason = reasons.ROWS_UNDECIDABLE) -> str:
    with pytest.raises(InputWrong) as caught:
        _read(folder, data)
    assert caught.value.reason == reason
    assert caught.value.message.startswith("source tickets (march.csv), line ")
    return caught.value.message


def test_quotes_line_breaks_and_white_space_are_kept(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf"text",label\r\n"a, ""b""\nc\rd", x \r\n\r\n \n27" e,y'
    assert _read(tmp_path, data) == [
        Record(1, NoRow.HEADER),
        Record(2, {"text": 'a, "b"\nc\rd', "label": " x "}, 2),
        Record(4, NoRow.BLANK),
        Record(5, NoRow.BLANK),
        Record(6, {"text": '27" e', "label": "y"}),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b"b", "ragged_row"),
        (b"c,x,z", "ragged_row"),
        (b"d\xff,x", "not_utf8"),
        (b'"e"e,x', "stray_quote"),
        (b'27 inch",x', "stray_quote"),
        (b' "f",x', "stray_quote"),
        (b"g\0,x", "nul_byte"),
        (b"h\ri,x", "bare_carriage_return"),
        (b"x" * MAX_ROW_BYTES + b",x", "row_too_long"),
    ],
)
def test_D08_damage_on_one_line_rejects_its_row_alone(tmp_path: Path, row: bytes, code: str) -> None:
    assert _values(_read(tmp_path, b"text,label\na,x\n" + row + b"\nz,y\n")) == [("a", "x"), code, ("z", "y")]


@pytest.mark.parametrize("text", [b'"th\xe9 and\ntea"', b'"tea and\nth\xe9"'])
def test_a_byte_that_is_no_text_rejects_its_row_whichever_line_it_is_on(tmp_path: Path, text: bytes) -> None:
    values = _values(_read(tmp_path, b"text,label\na,x\n" + text + b",x\nb,y\nc,y\n"))
    assert values == [("a", "x"), "not_utf8", ("b", "y"), ("c", "y")]


def test_a_quote_that_nobody_closes_refuses_the_file(tmp_path: Path) -> None:
    rows = [*TICKETS[:20], b'"27 inch monitor flickers,technical', *TICKETS[20:]]
    message = _refusal(tmp_path, b"\n".join([b"text,label", *rows]) + b"\n")
    assert "line 22" in message
    assert "not closed until the end of the file, line 42" in message


@pytest.mark.parametrize("distance", [1, 2, 3, 20])
def test_two_stray_quotes_never_make_one_row_of_many(tmp_path: Path, distance: int) -> None:
    rows = list(TICKETS)
    rows[10] = b'"27 inch monitor flickers,billing'
    rows[10 + distance] = b'my cable is 3 feet long",shipping'
    message = _refusal(tmp_path, b"\n".join([b"text,label", *rows]))
    assert f"line 12: one quoted value spans the lines 12 to {12 + distance}" in message


def test_prose_of_many_lines_is_one_value(tmp_path: Path) -> None:
    prose = b"Hello, team\nI ordered, and paid 1,000\nkettles, two of them\n\nthanks, bye"
    data = b"text,label\n" + b"\n".join(TICKETS) + b'\n"' + prose + b'",billing\n'
    assert _values(_read(tmp_path, data))[-1] == (prose.decode(), "billing")


def test_a_stray_quote_next_to_values_of_several_lines_refuses_the_file(tmp_path: Path) -> None:
    for rows in (b'"a\nb",x\nc",x\n', b'c",x\n"a\nb",x\n', b'"a\nb" c,x\n', b'"a,x\nb,"y z"\n'):
        assert "line" in _refusal(tmp_path, b"text,label\n" + rows)


@pytest.mark.parametrize("size", [MAX_ROW_LINES, MAX_ROW_BYTES // 3])
def test_a_value_that_does_not_end_is_refused_in_bounded_memory(tmp_path: Path, size: int) -> None:
    line = b"x" * (3 * MAX_ROW_BYTES // size) + b"\n"
    assert "no end within" in _refusal(tmp_path, b'text,label\n"' + line * (size + 1) + b'",x\n')


def test_a_value_of_as_many_lines_as_allowed_is_read(tmp_path: Path) -> None:
    value = b"\n".join(b"line" for _ in range(MAX_ROW_LINES))
    [row] = _values(_read(tmp_path, b'text,label\n"' + value + b'",x\n'))
    assert row == (value.decode(), "x")


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        (b"Text, label ", ['invisible signs differ: "Text", " label "']),
        (b"t0,a", ['2 columns: "t0", "a"', "The first line must be the header"]),
        (b"text,label,text", ['twice: "text"']),
        (b"text,th\xe9", ["not_utf8"]),
        (b'text,lab"', ["stray double quote"]),
        (b"text,", ['wanted: "text", "label"', 'missing: "label"']),
    ],
)
def test_a_header_says_what_was_found_what_was_wanted_and_the_likely_cause(
    tmp_path: Path, header: bytes, parts: list[str]
) -> None:
    message = _refusal(tmp_path, header + b"\na,x\n", reasons.COLUMNS_NOT_FOUND)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("delimiter", "word"), [(b";", "semicolons"), (b"\t", "tabs"), (b"|", "vertical bars")]
)
def test_another_delimiter_is_named(tmp_path: Path, delimiter: bytes, word: str) -> None:
    message = _refusal(tmp_path, b"text%blabel\na%bx\n" % (delimiter, delimiter), reasons.FORMAT_UNSUPPORTED)
    assert f"separates values with {word}" in message


def test_columns_without_a_name_get_one(tmp_path: Path) -> None:
    [_, row] = _read(tmp_path, b",text,label,\n0,a,x,\n")
    assert row.value == {"(column 1)": "0", "text": "a", "label": "x", "(column 4)": ""}
