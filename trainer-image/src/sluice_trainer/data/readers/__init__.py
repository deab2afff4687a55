"""How bytes become records: one module per format, and the table of them.

A broken line never ends a file: it becomes a Broken record, which is counted as `parse_error`. What the
columns of a record mean is told by `mappers`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.readers.csvfile import read_csv
from sluice_trainer.data.readers.jsonl import read_jsonl
from sluice_trainer.data.readers.record import Broken, Record

Reader = Callable[[Path], Iterator[Record | Broken]]

READERS: Final[dict[str, Reader]] = {"JSONL": read_jsonl, "CSV": read_csv}
"""Format of a source -> its reader."""

_ENDINGS: Final = {".jsonl": "JSONL", ".ndjson": "JSONL", ".csv": "CSV"}


def reader_for(source: Source) -> Reader:
    """Reader of a source: by its format, else by the ending of its locator."""
    path = source.locator.partition("?")[0].partition("#")[0]
    ending = f".{path.rpartition('.')[2].lower()}"
    name = source.format or _ENDINGS.get(ending)
    if name is None:
        raise InputWrong(
            reasons.FORMAT_UNKNOWN,
            f"source {source.name}: {source.locator} ends in none of {', '.join(_ENDINGS)}; "
            f"set format to one of {', '.join(READERS)}",
        )
    return READERS[name]
