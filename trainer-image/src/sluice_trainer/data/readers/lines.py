"""Lines of a file as text, one at a time, with a bound on their length."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sluice_trainer.data.readers.record import MAX_ROW_BYTES

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """One line with its ending, or why it is none."""

    number: int
    text: str
    trouble: str | None = None


def read_lines(path: Path) -> Iterator[Line]:
    """All lines. A byte order mark at the start of the file is no content."""
    with path.open("rb") as file:
        number = 0
        while data := file.readline(MAX_ROW_BYTES + 1):
            number += 1
            if len(data) > MAX_ROW_BYTES:
                _skip_rest(file, data)
                yield Line(number, "", f"longer than {MAX_ROW_BYTES} bytes")
            else:
                yield _decode(number, data.removeprefix(_BOM) if number == 1 else data)


def _decode(number: int, data: bytes) -> Line:
    if b"\0" in data:
        return Line(number, "", "holds a NUL byte")
    try:
        return Line(number, data.decode())
    except UnicodeDecodeError as error:
        return Line(number, "", f"is not UTF-8 at byte {error.start}")


def _skip_rest(file: BinaryIO, data: bytes) -> None:
    while data and not data.endswith(b"\n"):
        data = file.readline(MAX_ROW_BYTES)
