"""A row that is left out: the code it is counted under, and what was found in it."""

from dataclasses import dataclass
from typing import Any, Final

from sluice_api.text import quoted

MOST_DETAIL: Final = 200
"""Most characters of a detail."""


@dataclass(frozen=True)
class RejectedRow:
    """Why a row is left out."""

    code: str
    """snake_case reject code; rows are counted by it."""
    detail: str = ""
    """What was found and what was wanted, for the person who mends the row."""

    @property
    def text(self) -> str:
        """Code and detail as messages show them."""
        return f"{self.code} ({self.detail})" if self.detail else self.code


def found(value: Any) -> str:
    """A value of a row as details show it: short, in quotation marks, with visible control characters."""
    return quoted(value, 60) if isinstance(value, str) else quoted(repr(value), 60)[1:-1]
