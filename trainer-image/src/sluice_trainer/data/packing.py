"""Which documents share a training sequence: best fit, longest first, over the whole split at once."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Lengths = Sequence[int] | npt.NDArray[np.integer]


@dataclass(frozen=True)
class Efficiency:
    """How well sequences are filled."""

    documents: int
    packs: int
    tokens: int
    capacity: int

    @property
    def fill(self) -> float:
        """Share of the capacity that holds tokens."""
        return self.tokens / (self.packs * self.capacity) if self.packs else 0.0


def pack_documents(lengths: Lengths, capacity: int) -> list[list[int]]:
    """Indices of documents, pack by pack; each document once, no pack longer than `capacity`.

    Best fit, longest first (within 11/9 of the fewest packs): each document goes into the fullest pack that
    still has room. Packs with equal room are interchangeable, so a sorted list of the rooms that exist finds
    it in logarithmic time. Packs are in order of their first document, and so are documents in a pack.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    if len(sizes) and not 0 < int(sizes.min()) <= int(sizes.max()) <= capacity:
        raise ValueError(f"documents must have 1 to {capacity} tokens")
    packs: list[list[int]] = []
    with_room: dict[int, list[int]] = {}
    rooms: list[int] = []
    for index in np.argsort(-sizes, kind="stable").tolist():
        size = int(sizes[index])
        place = bisect_left(rooms, size)
        if place == len(rooms):
            pack, room = len(packs), capacity
            packs.append([])
        else:
            room = rooms[place]
            pack = with_room[room].pop()
            if not with_room[room]:
                del with_room[room], rooms[place]
        packs[pack].append(index)
        _offer(pack, room - size, with_room, rooms)
    return sorted(sorted(pack) for pack in packs)


def _offer(pack: int, room: int, with_room: dict[int, list[int]], rooms: list[int]) -> None:
    if room == 0:
        return
    if room not in with_room:
        with_room[room] = []
        insort(rooms, room)
    with_room[room].append(pack)


def efficiency(lengths: Lengths, packs: int, capacity: int) -> Efficiency:
    """How well `packs` sequences hold documents of these lengths."""
    return Efficiency(len(lengths), packs, int(np.sum(lengths)), capacity)
