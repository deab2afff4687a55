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
    if name is None:
        raise InputWrong(
            reasons.FORMAT_UNKNOWN,
            f"source {source.name}: {source.locator} ends in none of {', '.join(_ENDINGS)}; "
            f"set format to {' or '.join(READERS)}",
        )
    return name


def read_source(path: Path, source: Source, wanted: Collection[str]) -> Iterator[Record]:
    """All records of a source's file; they cover each physical line once."""
    return READERS[format_of(source)](path, source, wanted)
