"""CSV with a header line, RFC 4180: comma, double quotes, quoted line breaks. Values are strings."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.data.readers.lines import read_lines
from sluice_trainer.data.readers.record import MAX_ROW_BYTES, Broken, Record

_POISON: Final = "\0"
"""Stands for a line that could not be read, so that the row that it belongs to is broken and no other."""


def read_csv(path: Path) -> Iterator[Record | Broken]:
    """All rows of a file. Raises InputWrong when the header is unusable."""
    csv.field_size_limit(MAX_ROW_BYTES)
    rows = csv.reader(_texts(path), strict=True)
    header = _header(rows)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Broken(rows.line_num, str(error))
            continue
        if row:
            yield _record(rows.line_num, header, row)


def _texts(path: Path) -> Iterator[str]:
    for line in read_lines(path):
        yield line.text if line.trouble is None else f"{_POISON}\n"


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        header = next((row for row in rows if row), [])
    except csv.Error as error:
        raise InputWrong(reasons.FORMAT_UNKNOWN, f"the CSV header is unreadable: {error}") from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice or any(_POISON in name for name in header):
        raise InputWrong(
            reasons.FORMAT_UNKNOWN,
            f"a CSV header must be UTF-8 and name each column once; repeated: {', '.join(twice) or 'none'}",
        )
    return header


def _record(line: int, header: list[str], row: list[str]) -> Record | Broken:
    if any(_POISON in value for value in row):
        return Broken(line, "holds a line that is not UTF-8, too long, or has a NUL byte")
    if len(row) != len(header):
        return Broken(line, f"has {len(row)} values for {len(header)} columns")
    return Record(line, dict(zip(header, row, strict=True)))
