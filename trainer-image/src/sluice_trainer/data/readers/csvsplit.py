"""Bytes of a CSV file as raw records: which physical lines a row takes, and its undecoded values.

The csv module splits Latin-1 text, in which every byte is one character; `_Feed` counts what it takes.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.naming import place
from sluice_trainer.data.readers.decoding import TOO_LONG
from sluice_trainer.data.readers.lines import Line, read_lines
from sluice_trainer.data.readers.record import MAX_ROW_BYTES
from sluice_trainer.data.rejected import RejectedRow

MAX_ROW_LINES: Final = 1000
"""Most lines of one row. More mean that a quote was opened by mistake."""
STRAY_QUOTE: Final = RejectedRow(
    "stray_quote", 'a double quote at the edge of a value; quote the whole value and write "" for each quote'
)
BARE_RETURN: Final = RejectedRow(
    "bare_carriage_return", "a carriage return without a line feed outside quotes; end lines with LF or CRLF"
)


@dataclass(frozen=True)
class RawRecord:
    """One row before decoding."""

    line: int
    """The first line, from 1."""
    data: tuple[bytes, ...]
    """The physical lines that it takes."""
    values: list[str] | RejectedRow
    """Values as Latin-1 text; empty for a blank line."""

    @property
    def lines(self) -> int:
        """How many lines it takes."""
        return len(self.data)


def split_records(path: Path, source: Source) -> Iterator[RawRecord]:
    """All records; each line of the file is in exactly one. Raises InputWrong where one has no end."""
    csv.field_size_limit(2 * MAX_ROW_BYTES)
    feed = _Feed(path)
    rows = csv.reader(feed, strict=True)
    while not feed.ended:
        feed.begin()
        try:
            values: list[str] | RejectedRow = next(rows, [])
        except _TooLargeError:
            values = _too_large(source, feed)
        except csv.Error as error:
            values = _fault(source, feed, error)
        if feed.taken:
            yield RawRecord(feed.taken[0].number, tuple(line.data for line in feed.taken), values)


class _TooLargeError(Exception):
    """The record has more bytes or lines than a row may have."""


class _Feed(Iterator[str]):
    """Hands lines to the csv module and remembers which it took for the current record."""

    def __init__(self, path: Path) -> None:
        self._lines = read_lines(path)
        self.taken: list[Line] = []
        self.ended = False
        self._size = 0

    def begin(self) -> None:
        """The next record starts."""
        self.taken, self._size = [], 0

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        self._size += len(line.data)
        if line.too_long or self._size > MAX_ROW_BYTES or len(self.taken) > MAX_ROW_LINES:
            raise _TooLargeError
        return line.data.decode("latin-1")


def _too_large(source: Source, feed: _Feed) -> RejectedRow:
    """A long line without quotes is one row; anything else may go on anywhere."""
    first = feed.taken[0]
    if len(feed.taken) == 1 and not first.has_quote:
        return TOO_LONG
    raise InputWrong(
        reasons.ROWS_UNDECIDABLE,
        f"{place(source, first.number)}: a quoted value of this row has no end within {MAX_ROW_LINES} lines "
        f"and {MAX_ROW_BYTES} bytes; close its double quote, or remove the one that opens it",
    )


def _fault(source: Source, feed: _Feed, error: csv.Error) -> RejectedRow:
    """What the csv module does not take. At the end of the file only an open quote is left."""
    first = feed.taken[0].number
    if feed.ended:
        raise InputWrong(
            reasons.ROWS_UNDECIDABLE,
            f"{place(source, first)}: a double quote that opens in this row is not closed until the end of "
            f"the file, line {feed.taken[-1].number}; close it, or remove it",
        )
    return BARE_RETURN if "new-line" in str(error) else STRAY_QUOTE
