"""What somebody may have meant who mistyped a word. Pure."""

from collections.abc import Sequence
from difflib import get_close_matches


def guess(word: str, known: Sequence[str]) -> str:
    """The nearest of the known words, or all of them."""
    lower = {k.lower(): k for k in known}
    near = get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    if near:
        return f"did you mean {lower[near[0]]}?"
    return f"there are: {', '.join(sorted(known))}" if known else ""
