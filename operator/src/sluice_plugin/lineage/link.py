"""One link of a chain, and whether it holds."""

from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ok", "broken", "note"]


@dataclass(frozen=True)
class Link:
    """`note` says something that is worth knowing and breaks nothing, such as a run that was deleted."""

    name: str
    subject: str
    state: State
    detail: str

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        return dict(self.__dict__)


def link(name: str, subject: str, problem: str, detail: str) -> Link:
    """A link that is broken when there is a problem."""
    return Link(name, subject, "broken" if problem else "ok", problem or detail)
