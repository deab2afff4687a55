"""JSON Lines: one JSON value per line. Blank lines are no rows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Never

from sluice_trainer.data.readers.lines import Line, read_lines
from sluice_trainer.data.readers.record import Broken, Record


def read_jsonl(path: Path) -> Iterator[Record | Broken]:
    """All rows of a file."""
    for line in read_lines(path):
        if line.trouble is not None:
            yield Broken(line.number, line.trouble)
        elif line.text.strip():
            yield _parse(line)


def _parse(line: Line) -> Record | Broken:
    try:
        value = json.loads(line.text, object_pairs_hook=_unique, parse_constant=_no_constant)
        # A lone surrogate passes as JSON but stands for no character and cannot be stored.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        return Broken(line.number, f"{type(error).__name__}: {error}"[:200])
    return Record(line.number, value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return row


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")
