"""What people ask of a Deployment or a gate, as one annotation each: `<digest> <seen>.<random> <user>`.

The plugin writes them, an admission policy ties the user to the caller, and the planners read them. Each acts
once.
"""

import re
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from sluice_api import meta
from sluice_api.base import ApiModel, Digest

Decision = Literal["promote", "rollback-to", "clear-rollback", "approve"]
RequestId = Annotated[
    str, StringConstraints(max_length=40, pattern=r"^(0|[1-9][0-9]{0,8}|[0-9a-f]{12})\.[a-z0-9]{4,16}$")
]
"""What was seen, and a random word. Seen is the newest audit sequence, or for approve the verdict's hash."""
User = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[^\s]+$")]

ANNOTATIONS: Final[dict[Decision, str]] = {
    "promote": f"{meta.GROUP}/promote",
    "rollback-to": f"{meta.GROUP}/rollback-to",
    "clear-rollback": f"{meta.GROUP}/clear-rollback",
    "approve": f"{meta.GROUP}/approve",
}
_SHAPE = re.compile(r"^(?P<digest>\S+) (?P<id>\S+) (?P<user>\S+)$")


class Request(ApiModel):
    """One request of one person."""

    decision: Decision
    digest: Digest
    id: RequestId
    user: User

    @property
    def seen(self) -> int:
        """Newest audit sequence that the person saw; 0 for approve."""
        first = self.id.split(".")[0]
        return 0 if self.decision == "approve" else int(first)

    @property
    def verdict_hash(self) -> str:
        """Hash of the verdict that an approve speaks of: the end of its record's name."""
        return self.id.split(".")[0]

    def text(self) -> str:
        """Value of the annotation."""
        return f"{self.digest} {self.id} {self.user}"


def read_request(decision: Decision, text: str) -> Request:
    """The request that an annotation holds. Raises ValueError, which says what its form must be."""
    found = _SHAPE.match(text)
    if found is None:
        form = "<digest> <seen>.<random> <user>"
        raise ValueError(f"annotation {ANNOTATIONS[decision]} is {text[:80]!r}; its form is {form!r}")
    return Request(decision=decision, **found.groupdict())
