"""Token shards: the files between prepare, which writes them, and train, which reads nothing else.

Per split, all little endian:
    <split>.ids.bin     int32  token ids of all documents, pack after pack
    <split>.labels.bin  int32  the same ids where they carry loss, IGNORE elsewhere; not shifted
    <split>.docs.bin    int64  offset of each document, and the end: documents + 1 numbers
    <split>.packs.bin   int64  first document of each pack, and the end: packs + 1 numbers

The first token of a document never carries loss, because nothing in its document predicts it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

IGNORE = -100
"""Label of a token that carries no loss."""
TOKEN = np.dtype("<i4")
OFFSET = np.dtype("<i8")
FILES = ("ids", "labels", "docs", "packs")

Tokens = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Document:
    """One rendered example."""

    ids: Tokens
    labels: Tokens

    @property
    def answer_tokens(self) -> int:
        """Tokens that carry loss."""
        return int(np.count_nonzero(self.labels != IGNORE))


class Documents(Protocol):
    """Documents by index; a list will do, and so will a file."""

    def __len__(self) -> int:
        """Number of documents."""
        ...

    def __getitem__(self, index: int, /) -> Document:
        """One document."""
        ...


@dataclass(frozen=True)
class Pack:
    """One training sequence: documents one behind the other, which must not see each other."""

    ids: Tokens
    labels: Tokens
    doc_lengths: tuple[int, ...]


@dataclass(frozen=True)
class ShardStats:
    """What was written for one split."""

    rows: int
    tokens: int
    answer_tokens: int
    packs: int


def shard_path(folder: Path, split: str, part: str) -> Path:
    """File of one part of a split."""
    return folder / f"{split}.{part}.bin"


def write_shards(
    folder: Path, split: str, documents: Documents, packs: Sequence[Sequence[int]]
) -> ShardStats:
    """Write the documents of a split in the order of `packs`, which lists indices of documents."""
    order = list(chain.from_iterable(packs))
    lengths = np.zeros(len(order), dtype=OFFSET)
    answer_tokens = 0
    with (
        shard_path(folder, split, "ids").open("wb") as ids,
        shard_path(folder, split, "labels").open("wb") as labels,
    ):
        for place, index in enumerate(order):
            document = documents[index]
            lengths[place] = len(document.ids)
            answer_tokens += _append(document, ids, labels)
    _offsets(lengths).tofile(shard_path(folder, split, "docs"))
    _offsets([len(pack) for pack in packs]).tofile(shard_path(folder, split, "packs"))
    return ShardStats(len(order), int(lengths.sum()), answer_tokens, len(packs))


def _append(document: Document, ids: BinaryIO, labels: BinaryIO) -> int:
    if not 0 < len(document.ids) == len(document.labels):
        raise ValueError(f"a document has {len(document.ids)} ids and {len(document.labels)} labels")
    wanted = document.labels.astype(TOKEN)
    wanted[0] = IGNORE
    ids.write(document.ids.astype(TOKEN).tobytes())
    labels.write(wanted.tobytes())
    return int(np.count_nonzero(wanted != IGNORE))


def _offsets(lengths: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(np.asarray(lengths, dtype=OFFSET)))).astype(OFFSET)


class ShardReader:
    """The packs of one split, memory mapped: a pack is read when it is asked for."""

    def __init__(self, folder: Path, split: str) -> None:
        """Raises FileNotFoundError for an unwritten split, ValueError for files that do not fit together."""
        self._ids = _map(shard_path(folder, split, "ids"), TOKEN)
        self._labels = _map(shard_path(folder, split, "labels"), TOKEN)
        self._docs = np.fromfile(shard_path(folder, split, "docs"), dtype=OFFSET)
        self._packs = np.fromfile(shard_path(folder, split, "packs"), dtype=OFFSET)
        fits = (
            len(self._ids) == len(self._labels) == self._docs[-1] and len(self._docs) - 1 == self._packs[-1]
        )
        if not fits:
            raise ValueError(f"the shards of split {split} in {folder} do not fit together")

    def __len__(self) -> int:
        """Number of packs."""
        return len(self._packs) - 1

    def pack(self, index: int) -> Pack:
        """One pack. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(f"pack {index} of {len(self)}")
        bounds = self._docs[self._packs[index] : self._packs[index + 1] + 1]
        part = slice(int(bounds[0]), int(bounds[-1]))
        return Pack(
            ids=np.asarray(self._ids[part], dtype=np.int32),
            labels=np.asarray(self._labels[part], dtype=np.int32),
            doc_lengths=tuple(int(n) for n in np.diff(bounds)),
        )

    def __iter__(self) -> Iterator[Pack]:
        """All packs in order."""
        return (self.pack(i) for i in range(len(self)))


def _map(path: Path, dtype: np.dtype) -> npt.NDArray[np.int32]:
    if path.stat().st_size == 0:
        return np.zeros(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r")
