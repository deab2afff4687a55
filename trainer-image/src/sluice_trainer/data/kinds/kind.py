"""One kind of file that is not read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What a file is, and what to do about it: parts of one sentence."""

    what: str
    advice: str
