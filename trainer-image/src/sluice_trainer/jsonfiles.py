"""JSON and text that hold what models said: written so that any text can be read again.

A model may say half of a surrogate pair, which UTF-8 cannot say; JSON can, as an escape.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8; what UTF-8 cannot say is escaped as in JSON."""
    path.write_bytes(text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """One JSON value for people: indented, keys sorted."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def write_lines(path: Path, rows: Iterable[Any]) -> None:
    """One JSON value a line, keys sorted."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")
