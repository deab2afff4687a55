"""How bytes become records: one module per format, and the table of them.

A row that cannot be read never ends a file: its record holds a `RejectedRow`. What the columns of a record
mean is decided by `mappers`.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.kinds import check_kind
from sluice_trainer.data.kinds.endings import ENDINGS
from sluice_trainer.data.naming import place
from sluice_trainer.data.readers.csvfile import read_csv
from sluice_trainer.data.readers.jsonl import read_jsonl
from sluice_trainer.data.readers.record import Record

Reader = Callable[[Path, Source, Collection[str]], Iterator[Record]]
"""Reads a file. The last argument names the columns that are wanted."""

READERS: Final[dict[str, Reader]] = {"JSONL": read_jsonl, "CSV": read_csv}
"""Format of a source -> its reader."""

_ENDINGS: Final = {".jsonl": "JSONL", ".ndjson": "JSONL", ".csv": "CSV"}


def format_of(source: Source) -> str:
    """Format of a source: the one that it names, else by the ending of its locator."""
    path = source.locator.partition("?")[0].partition("#")[0]
    ending = f".{path.rpartition('.')[2].lower()}"
    name = source.format or _ENDINGS.get(ending)
    if name is not None:
        return name
    if (kind := ENDINGS.get(ending)) is not None:
        message = f"{place(source)}: {kind.what} ({ending}) are not read yet; {kind.advice}"
        raise InputWrong(reasons.FORMAT_UNSUPPORTED, message)
    wanted = ", ".join(_ENDINGS)
    message = (
        f"{place(source)}: the file's name ends in none of {wanted}; set format to {' or '.join(READERS)}"
    )
    raise InputWrong(reasons.FORMAT_UNKNOWN, message)


def read_source(path: Path, source: Source, wanted: Collection[str]) -> Iterator[Record]:
    """All records of a source's file; they cover each physical line once.

    Raises InputWrong when the file is of another format.
    """
    format_ = format_of(source)
    check_kind(path, source, format_)
    return READERS[format_](path, source, wanted)
