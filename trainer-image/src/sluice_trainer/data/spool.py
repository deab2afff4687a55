"""Documents on disk between encoding and packing, so that memory does not grow with the data."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from sluice_trainer.data.shards import OFFSET, TOKEN, Document, Tokens


class Spool:
    """A list of documents in two files. Fill it inside `with`, read it afterwards."""

    def __init__(self, folder: Path, name: str) -> None:
        self._paths = folder / f"{name}.ids", folder / f"{name}.labels"
        self._files = self._paths[0].open("wb"), self._paths[1].open("wb")
        self._lengths: list[int] = []
        self._mapped: tuple[Tokens, Tokens] | None = None
        self._offsets: npt.NDArray[np.int64] = np.zeros(1, dtype=OFFSET)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()
        self._offsets = np.concatenate(([0], np.cumsum(self._lengths))).astype(OFFSET)

    def append(self, document: Document) -> None:
        """Add a document."""
        for file, values in zip(self._files, (document.ids, document.labels), strict=True):
            file.write(values.astype(TOKEN).tobytes())
        self._lengths.append(len(document.ids))

    @property
    def lengths(self) -> list[int]:
        """Tokens of each document."""
        return self._lengths

    def __len__(self) -> int:
        return len(self._lengths)

    def __getitem__(self, index: int, /) -> Document:
        if self._mapped is None:
            ids, labels = (np.memmap(path, dtype=TOKEN, mode="r") for path in self._paths)
            self._mapped = ids, labels
        part = slice(int(self._offsets[index]), int(self._offsets[index + 1]))
        return Document(np.asarray(self._mapped[0][part]), np.asarray(self._mapped[1][part]))
