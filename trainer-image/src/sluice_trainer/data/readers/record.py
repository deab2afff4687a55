"""What readers yield."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

MAX_ROW_BYTES: Final = 8 * 1024 * 1024
"""Longest row. A longer one is rejected, not a reason to run out of memory."""


class NoRow(Enum):
    """Lines of a file that hold no row."""

    BLANK = "blank"
    """Nothing but white space."""
    HEADER = "header"
    """Names of the columns."""


@dataclass(frozen=True)
class Record:
    """Some lines of a file and what they hold. The records of a file cover each of its lines once."""

    line: int
    """The first line, from 1."""
    value: Any
    """The row as the file has it, a `RejectedRow`, or a `NoRow`."""
    lines: int = 1
    """How many lines it takes."""
