"""CSV: lines that are no rows, a header in the middle of a file, and headers that cannot be used."""

from pathlib import Path
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.readers.csvfile import read_csv
from sluice_trainer.data.readers.record import NoRow
from sluice_trainer.data.rejected import RejectedRow

SOURCE = Source(name="tickets", locator="s3://bucket/a/march.csv", mapper="LabelToClassification")


def _read(folder: Path, data: str) -> list[Any]:
    path = folder / "rows.csv"
    path.write_bytes(data.encode())
    values = [record.value for record in read_csv(path, SOURCE, ("text", "label"))]
    return [value.code if isinstance(value, RejectedRow) else value for value in values]


def _refusal(folder: Path, data: str, reason: reasons.Reason) -> str:
    with pytest.raises(InputWrong) as caught:
        _read(folder, data)
    assert caught.value.reason == reason
    return caught.value.message


@pytest.mark.parametrize(
    "header",
    [
        "text,label",
        "\ufefftext,label",
        '\ufeff"text","label"',
        '"text",label\r',
        "Text, Label",
    ],
)
def test_a_header_in_the_middle_is_no_row(tmp_path: Path, header: str) -> None:
    values = _read(tmp_path, f"\ufefftext,label\na,x\n{header}\nb,y\n")
    assert values[2] == "repeated_header"
    assert values[3] == {"text": "b", "label": "y"}


def test_a_header_in_the_middle_does_not_make_quotes_undecidable(tmp_path: Path) -> None:
    values = _read(tmp_path, 'text,label\n"a\nb",x\n\ufeff"text","label"\nb,y\n')
    assert values[2:] == ["repeated_header", {"text": "b", "label": "y"}]


def test_columns_in_another_order_further_down_refuse_the_file(tmp_path: Path) -> None:
    message = _refusal(tmp_path, "text,label\na,x\nlabel,text\ny,b\n", reasons.ROWS_UNDECIDABLE)
    assert "line 3: the header again with its columns in another order" in message


def test_a_row_that_holds_only_one_name_of_the_header_is_a_row(tmp_path: Path) -> None:
    assert _read(tmp_path, "text,label\ntext,x\n")[1] == {"text": "text", "label": "x"}


@pytest.mark.parametrize("blank", [",", " , ", '"",""', ",,", ",\r"])
def test_lines_without_any_value_are_blank(tmp_path: Path, blank: str) -> None:
    values = _read(tmp_path, f"text,label\na,x\n{blank}\n{blank}")
    assert values[2:] == [NoRow.BLANK, NoRow.BLANK]


@pytest.mark.parametrize("row", [",x", "a,"])
def test_a_line_with_a_value_is_a_row(tmp_path: Path, row: str) -> None:
    assert isinstance(_read(tmp_path, f"text,label\n{row}\n")[1], dict)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ('"text";"label"', "with semicolons"),
        ("text\tlabel, kind", "with tabs"),
        ("text\uff0clabel", "with full-width commas"),
        ('"text", "label"', "remove the spaces after commas"),
    ],
)
def test_what_separates_names_is_told_also_where_commas_read_nothing(
    tmp_path: Path, header: str, told: str
) -> None:
    assert told in _refusal(tmp_path, f"{header}\na,x\n", reasons.FORMAT_UNSUPPORTED)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("\ufeff\ufefftext,label", 'invisible signs differ: "\\ufefftext"'),
        ("\u200btext,label", 'invisible signs differ: "\\u200btext"'),
        ("text\u00a0,label", 'invisible signs differ: "text\\u00a0"'),
        ("'text','label'", "quotes or invisible signs differ"),
        ("Export of March,", "remove the lines above it"),
        ("# made by a tool", "remove the lines above it"),
    ],
)
def test_a_header_that_nearly_fits_shows_what_cannot_be_seen(tmp_path: Path, header: str, told: str) -> None:
    assert told in _refusal(tmp_path, f"{header}\ntext,label\na,x\n", reasons.COLUMNS_NOT_FOUND)
