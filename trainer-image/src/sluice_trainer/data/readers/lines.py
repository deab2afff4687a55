"""Physical lines of a file as bytes, with a bound on their length. Only a line feed ends a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sluice_trainer.data.kinds.encodings import BOM
from sluice_trainer.data.readers.record import MAX_ROW_BYTES


@dataclass(frozen=True)
class Line:
    """One line with its ending."""

    number: int
    data: bytes
    """Its bytes; of one that is too long only the first."""
    too_long: bool = False
    has_quote: bool = False
    """Whether a line that is too long holds a double quote anywhere."""


def read_lines(path: Path) -> Iterator[Line]:
    """All lines of a file, in memory one at a time."""
    with path.open("rb") as file:
        number = 0
        while data := file.readline(MAX_ROW_BYTES + 1):
            number += 1
            if number == 1:
                data = data.removeprefix(BOM)
            if len(data) > MAX_ROW_BYTES:
                yield Line(number, data, too_long=True, has_quote=_skip_rest(file, data))
            else:
                yield Line(number, data)


def _skip_rest(file: BinaryIO, data: bytes) -> bool:
    """Read on to the end of the line; whether a double quote was anywhere in it."""
    has_quote = b'"' in data
    while data and not data.endswith(b"\n"):
        data = file.readline(MAX_ROW_BYTES)
        has_quote = has_quote or b'"' in data
    return has_quote
