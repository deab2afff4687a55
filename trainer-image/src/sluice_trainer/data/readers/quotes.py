"""Whether the quotes of a CSV file say for certain on which line each row ends.

A quote that is missing or too many turns rows into one value, or one value into rows. Damage on one line
costs one row as long as no value of the file spans lines. Where values do, or where the lines of one value
read like rows of their own, nobody can tell, and the file is refused.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.naming import place
from sluice_trainer.data.readers.csvsplit import RawRecord

SURE_LINES: Final = 6
"""So many lines that all have as many values as the header are rows, whatever the values are."""
_MOST_VALUES: Final = 1024
"""A column with more different values is no list of a few, such as labels."""
_MOST_SUSPECTS: Final = 1000
_LONGEST_VALUE: Final = 64

_PLAIN: Final = rb'(?:[^",\r\n](?:[^,\r\n]*[^",\r\n])?)?'
_QUOTED: Final = rb'"[^"]*+(?:""[^"]*+)*+"'
_REGULAR: Final = re.compile(rb"(?:%b|%b)(?:,(?:%b|%b))*+\r*\n?" % (_QUOTED, _PLAIN, _QUOTED, _PLAIN))
_HINT: Final = (
    'quote each value that holds quotes or line breaks and write "" for a quote, or write JSON Lines'
)


def is_regular(record: RawRecord) -> bool:
    """Whether no quote stands at the edge of a value without its partner."""
    data = b"".join(record.data)
    return b'"' not in data or _REGULAR.fullmatch(data) is not None


@dataclass(frozen=True)
class _Suspect:
    """A row of several lines, half of which or more could be rows."""

    line: int
    lines: int
    cells: tuple[tuple[str, ...], ...]
    """Values of each line that could be a row, cut to what is compared."""


@dataclass
class Quotes:
    """What the quotes of a file look like, record after record."""

    source: Source
    width: int
    """Columns of the header."""
    first_stray: int | None = None
    """Line of the first row whose quotes are damaged."""
    first_long: int | None = None
    """Line of the first row that takes several lines."""
    common: list[Counter[str] | None] = field(default_factory=list)
    """How often each short value was seen, by column; None for a column with too many."""
    suspects: list[_Suspect] = field(default_factory=list)
    """Rows of few lines that could be rows of their own."""

    def see(self, record: RawRecord, *, regular: bool) -> None:
        """Take note of a record. Raises InputWrong as soon as nobody can tell where rows end."""
        if record.lines == 1:
            self._see_line(record, regular=regular)
        else:
            self._see_lines(record, regular=regular)
        if self.first_stray is not None and self.first_long is not None:
            stray, long = place(self.source, self.first_stray), self.first_long
            raise self._refusal(
                f"{stray}: a double quote is missing or too many, and values of this file hold line breaks "
                f"(the first in line {long}), so where rows end cannot be told"
            )

    def decide(self) -> None:
        """At the end of the file: raises InputWrong when a suspect's lines hold what other rows hold."""
        for suspect in self.suspects:
            if any(self._is_common(suspect, column) for column in range(self.width)):
                raise self._looks_like_rows(suspect.line, suspect.lines)

    def _see_line(self, record: RawRecord, *, regular: bool) -> None:
        if not regular:
            self.first_stray = self.first_stray or record.line
        elif isinstance(record.values, list) and len(record.values) == self.width:
            self._count(record.values)

    def _see_lines(self, record: RawRecord, *, regular: bool) -> None:
        self.first_long = self.first_long or record.line
        if not regular:
            self.first_stray = self.first_stray or record.line
            return
        alike = tuple(_short(_cells(line)) for line in record.data if self._is_row(line))
        if len(alike) == record.lines >= SURE_LINES:
            raise self._looks_like_rows(record.line, record.lines)
        if len(alike) >= _half(record.lines) and len(self.suspects) < _MOST_SUSPECTS:
            self.suspects.append(_Suspect(record.line, record.lines, alike))

    def _is_row(self, line: bytes) -> bool:
        """Whether a line alone has the header's number of values. A comma before a space is prose."""
        values = _cells(line)
        return 1 < len(values) == self.width and not any(v.startswith(b" ") for v in values[1:])

    def _count(self, values: list[str]) -> None:
        self.common = self.common or [Counter() for _ in values]
        for column, value in enumerate(values):
            counts = self.common[column]
            if counts is None or not 0 < len(value) <= _LONGEST_VALUE:
                continue
            counts[value] += 1
            if len(counts) > _MOST_VALUES:
                self.common[column] = None

    def _is_common(self, suspect: _Suspect, column: int) -> bool:
        """Whether the lines hold what single rows hold in a column, such as labels."""
        counts = self.common[column] if self.common else None
        if counts is None:
            return False
        known = sum(counts[cells[column]] > 0 for cells in suspect.cells)
        return known >= _half(suspect.lines)

    def _looks_like_rows(self, line: int, lines: int) -> InputWrong:
        return self._refusal(
            f"{place(self.source, line)}: one quoted value spans the lines {line} to {line + lines - 1}, "
            f"which alone read like rows of {self.width} values; most likely two double quotes are stray"
        )

    def _refusal(self, message: str) -> InputWrong:
        return InputWrong(reasons.ROWS_UNDECIDABLE, f"{message}; {_HINT}")


def _half(lines: int) -> int:
    """Half of the lines, but two at least: the first and the last may be rows with text of their own."""
    return max(2, (lines + 1) // 2)


def _cells(line: bytes) -> list[bytes]:
    return line.rstrip(b"\r\n").split(b",")


def _short(cells: list[bytes]) -> tuple[str, ...]:
    """The cells as the csv module would give them, cut to what is compared."""
    return tuple(cell.strip(b'"')[: _LONGEST_VALUE + 1].decode("latin-1") for cell in cells)
