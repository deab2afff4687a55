"""Many labels at once: the longest that begins at each place of a text."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

_SEPARATORS: Final = re.compile(r"(?<=[^\W\d_])[\s_-]+(?=[^\W\d_])")
"""What is between the words of a label. `refund status` names `refund_status`."""
_STARTS: Final = re.compile(r"[a-z0-9_]+|.", re.DOTALL)
"""Where a label may begin: not inside an ASCII word."""
_SEPARATOR: Final = re.compile(r"[\s_-]{1,16}")
"""No more at once: a label could begin at each place of a long run, and time would grow with its square."""
Fits = Callable[[int, int], bool]


def folded(text: str) -> str:
    """Without case and with one kind of separator; dotted and dotless i are alike."""
    return _SEPARATORS.sub("_", "".join(map(fold_character, text)))


def fold_character(character: str) -> str:
    """A character without case; one may become two."""
    return "i" if character in "İı" else character.casefold()


@dataclass
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    ends: bool = False


class LabelTrie:
    """Folded labels by their characters."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._root = _Node()
        for label in labels:
            node = self._root
            for character in label:
                node = node.children.setdefault(character, _Node())
            node.ends = True

    def find(self, text: str, fits: Fits) -> Iterator[tuple[int, int]]:
        """Places of labels in a text without case, which do not overlap; the longest that fits wins."""
        done = 0
        for begin in _STARTS.finditer(text):
            start = begin.start()
            if start >= done:
                done = max((end for end in self._ends(text, start) if fits(start, end)), default=start)
                if done > start:
                    yield start, done

    def _ends(self, text: str, at: int) -> Iterator[int]:
        node: _Node | None = self._root
        while node is not None:
            if node.ends:
                yield at
            if at == len(text):
                return
            gap = (
                _SEPARATOR.match(text, at) if "_" in node.children and text[at] not in node.children else None
            )
            node, at = (node.children["_"], gap.end()) if gap else (node.children.get(text[at]), at + 1)
