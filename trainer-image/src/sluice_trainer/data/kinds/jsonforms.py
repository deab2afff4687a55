"""JSON that is not one value a line, and rows under the name of another format."""

import csv
import json
import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from sluice_trainer.data.kinds.kind import Kind

_LINES: Final = "write one object a line: jq -c . FILE > rows.jsonl"
_ARRAY: Final = Kind("one JSON array", "write one element a line: jq -c '.[]' FILE > rows.jsonl")
_INDENTED: Final = Kind("JSON with values over several lines", _LINES)
_JOINED: Final = Kind("JSON objects without line breaks between them", _LINES)
_COMMAS: Final = Kind(
    "JSON objects with commas between them", "remove the commas: sed 's/},$/}/' FILE > rows.jsonl"
)
_PYTHON: Final = Kind("Python dictionaries, not JSON", "write each row with json.dumps")
_NOTEBOOK: Final = Kind("a Jupyter notebook", "write the rows from the notebook to a file")
_SERVER: Final = Kind(
    "a reply of a datasets server", "take the rows from it: jq -c '.rows[].row' FILE > rows.jsonl"
)
_ERROR: Final = Kind("an error reply in JSON", "correct the locator or its access, and fetch the file again")
_PANDAS: Final = Kind(
    "a table in JSON by column",
    "write it by row, in pandas: to_json('rows.jsonl', orient='records', lines=True, force_ascii=False)",
)
_PROSE: Final = Kind("plain text, none of whose lines is JSON", "give the file of rows")
_WRAPPED: Final = re.compile(
    r'\{\s*"(data|rows|train|test|validation|examples|items|records)"\s*:\s*\[\s*\{(?!\s*"(?:role|from)")'
)
_WHOLE: Final = (
    (re.compile(r'\{\s*"features"\s*:|\{\s*"rows"\s*:\s*\[\s*\{\s*"row_idx"'), _SERVER),
    (re.compile(r'\{\s*"error"\s*:'), _ERROR),
    (re.compile(r'\{\s*"[^"]*"\s*:\s*\{\s*"0"\s*:|\{\s*"columns"\s*:\s*\[|\{\s*"schema"\s*:\s*\{'), _PANDAS),
)
"""How one object begins that holds all rows of a file."""
_JSON_LINES: Final = Kind("JSON Lines", "set format of the source to JSONL")
_DELIMITERS: Final = {
    ",": Kind("CSV", "set format of the source to CSV"),
    "\t": Kind(
        "a table with tabs between values", "export it with commas, and set format of the source to CSV"
    ),
    ";": Kind(
        "a table with semicolons between values", "export it with commas, and set format of the source to CSV"
    ),
    "|": Kind(
        "a table with bars between values", "export it with commas, and set format of the source to CSV"
    ),
}
_DECODER: Final = json.JSONDecoder()


def other_json(text: str, format_: str, *, whole: bool, columns: Collection[str] = ()) -> Kind | None:
    """What a text is instead of rows of the format; `whole` when nothing of the file is missing from it.

    `columns` are those that a row needs: an object that has them is a row, whatever else it looks like.
    """
    lines = text.split("\n", 2)
    if text[:1] in ("{", "["):
        if _is_row(lines[0], columns) or not text.strip("[ \t\r\n"):
            return None
        kind = _array(lines, whole) if text[0] == "[" else _object(text, lines)
        starts = format_ == "CSV" and isinstance(_value(lines[0])[0], dict)
        return kind or (_JSON_LINES if starts else None)
    return (_table(lines) or _prose(text)) if format_ == "JSONL" else None


def _is_row(line: str, columns: Collection[str]) -> bool:
    """Whether a line is an object with all columns. Under a column of a table by column is an object."""
    value, rest = _value(line)
    if not columns or rest or not isinstance(value, dict):
        return False
    return all(name in value and not isinstance(value[name], dict) for name in columns)


def _array(lines: Sequence[str], whole: bool) -> Kind | None:
    """An array of rows. A line that is an array of plain values is a row, though of no use."""
    value, rest = _value(lines[0])
    if isinstance(value, list) and not rest and (len(lines) > 1 or whole):
        return _ARRAY if value and isinstance(value[0], dict) else None
    return _ARRAY


def _object(text: str, lines: Sequence[str]) -> Kind | None:
    if not "".join(lines[1:]).strip() and (kind := _one_object(text)) is not None:
        return kind
    value, rest = _value(lines[0])
    if value is None:
        return _unfinished(text, lines)
    if {"cells", "nbformat"} <= value.keys():
        return _NOTEBOOK
    if rest.startswith("{"):
        return _JOINED
    return _COMMAS if rest.startswith(",") else None


def _one_object(text: str) -> Kind | None:
    """What one object is that holds all rows of a file, by its beginning; the rest may not be at hand."""
    for pattern, kind in _WHOLE:
        if pattern.match(text):
            return kind
    if (wrapped := _WRAPPED.match(text)) is None:
        return None
    key = wrapped[1]
    advice = f"write one element a line: jq -c '.{key}[]' FILE > rows.jsonl"
    return Kind(f'one JSON object with all rows under "{key}"', advice)


def _unfinished(text: str, lines: Sequence[str]) -> Kind | None:
    """The first line is no value. Either a row is damaged, or the value goes on in the next line."""
    if re.match(r"\{\s*'", text):
        return _PYTHON
    goes_on = len(lines) > 1 and re.match(r"[ \t]|[\"}\]]", lines[1]) is not None
    if not goes_on:
        return None
    return (
        _NOTEBOOK if re.match(r'\{\s*"(cells|metadata|nbformat)"', text) else _one_object(text) or _INDENTED
    )


def _value(line: str) -> tuple[Any, str]:
    """The first value of a line and the text after it; None when there is none."""
    try:
        value, end = _DECODER.raw_decode(line)
    except (ValueError, RecursionError):
        return None, ""
    return value, line[end:].strip()


def _table(lines: Sequence[str]) -> Kind | None:
    """Two lines with the same number of values, which are no JSON."""
    value, rest = _value(lines[0])
    if len(lines) < 2 or (value is not None and not rest):
        return None
    return next((kind for delimiter, kind in _DELIMITERS.items() if _is_even(lines[:2], delimiter)), None)


def _prose(text: str) -> Kind | None:
    """Lines that begin with a letter and hold no JSON. One line alone may be a damaged row."""
    lines = [line for line in text.split("\n") if line.strip()]
    no_json = not any(sign in text for sign in "{}[]")
    plain = no_json and len(lines) > 1 and all(_value(line)[0] is None for line in lines if line != "null")
    return _PROSE if plain and text[:1].isalpha() and lines[0] not in ("null", "true", "false") else None


def _is_even(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the lines have the same number of values, more than one."""
    try:
        widths = {len(row) for row in csv.reader(lines, delimiter=delimiter)}
    except csv.Error:
        return False
    return len(widths) == 1 and widths.pop() > 1
