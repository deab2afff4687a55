"""Which packs a step sees, and how packs become tensors.

The order follows from seed and step alone, so a resumed run needs no saved position.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from sluice_trainer.data.shards import IGNORE, Pack


@dataclass(frozen=True)
class Order:
    """The order of packs: a new permutation for each epoch, one behind the other."""

    packs: int
    seed: int
    per_step: int
    epochs: int | None = None
    """Passes over the packs, at whose end a step may be short; None to go on as long as steps are asked."""

    def of_step(self, step: int) -> list[int]:
        """Indices of the packs of a step, counted from 0."""
        first = step * self.per_step
        last = first + self.per_step
        if self.epochs is not None:
            last = min(last, self.epochs * self.packs)
        return [self._at(place) for place in range(first, last)]

    def _at(self, place: int) -> int:
        epoch, within = divmod(place, self.packs)
        return int(_permutation(self.packs, self.seed, epoch)[within])


@lru_cache(maxsize=2)
def _permutation(packs: int, seed: int, epoch: int) -> np.ndarray:
    """The order of one epoch, drawn once: a step asks for it at every place, and may span two epochs."""
    return np.random.default_rng([seed, epoch]).permutation(packs)


@dataclass(frozen=True)
class Batch:
    """Packs as one row of tensors: no padding, and only the positions that predict an answer token."""

    ids: torch.Tensor
    """Shape (1, tokens)."""
    positions: torch.Tensor
    """Shape (1, tokens); starts again at each document."""
    document_lengths: tuple[int, ...]
    predicting: torch.Tensor
    """Places in the row whose next token carries loss."""
    targets: torch.Tensor
    """Those next tokens."""

    @property
    def tokens(self) -> int:
        """Tokens of the row."""
        return self.ids.shape[1]


def micro_batches(packs: Sequence[Pack], size: int) -> Iterator[Sequence[Pack]]:
    """Groups of at most `size` packs; what is in a group changes memory and speed, never the result."""
    return (packs[i : i + size] for i in range(0, len(packs), size))


def answer_tokens(packs: Sequence[Pack]) -> int:
    """Tokens that carry loss: the number that a step's loss is divided by."""
    return sum(len(_answer_places(p)) for p in packs)


def collate(packs: Sequence[Pack], device: torch.device) -> Batch:
    """One row of all documents of the packs."""
    lengths = tuple(n for p in packs for n in p.doc_lengths)
    starts = np.cumsum([0, *(len(p.ids) for p in packs)])[:-1]
    places = np.concatenate([_answer_places(p) + start for p, start in zip(packs, starts, strict=True)])
    ids = np.concatenate([p.ids for p in packs]).astype(np.int64)
    return Batch(
        ids=torch.from_numpy(ids)[None].to(device),
        positions=torch.from_numpy(np.concatenate([np.arange(n) for n in lengths]))[None].to(device),
        document_lengths=lengths,
        predicting=torch.from_numpy(places - 1).to(device),
        targets=torch.from_numpy(ids[places]).to(device),
    )


def _answer_places(pack: Pack) -> np.ndarray:
    """Places with loss. A document's first token has none, because nothing in its document predicts it."""
    carries = pack.labels != IGNORE
    carries[np.cumsum([0, *pack.doc_lengths])[:-1]] = False
    return np.flatnonzero(carries)
