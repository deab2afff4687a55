"""What readers yield."""

from dataclasses import dataclass
from typing import Any, Final

MAX_ROW_BYTES: Final = 8 * 1024 * 1024
"""Longest line, or CSV field. A longer one is a broken row, not a reason to run out of memory."""


@dataclass(frozen=True)
class Record:
    """One row as the file has it."""

    line: int
    """Line of the file on which the row ends, from 1."""
    value: Any


@dataclass(frozen=True)
class Broken:
    """The sentinel for a row that could not be read."""

    line: int
    why: str
