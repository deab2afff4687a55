"""Validation: the mean loss over all answer tokens of the validation split, each token counting once."""

from collections.abc import Callable
from math import isfinite

from sluice_api import reasons
from sluice_api.errors import InputWrong, StageError
from sluice_trainer.data.shards import ShardReader
from sluice_trainer.training.learner import Learner


def validation_loss(
    learner: Learner, packs: ShardReader, ending: Callable[[], StageError | None]
) -> float | None:
    """None when no token carries loss.

    Raises the ending as soon as there is one, and InputWrong(VALIDATION_LOSS_NOT_FINITE).
    """
    loss, tokens = 0.0, 0
    for first in range(0, len(packs), learner.micro_batch_size):
        if (error := ending()) is not None:
            raise error
        last = min(first + learner.micro_batch_size, len(packs))
        part, count = learner.loss_without_learning([packs.pack(i) for i in range(first, last)])
        _refuse_not_finite(part, first, last, len(packs))
        loss, tokens = loss + part, tokens + count
    return loss / tokens if tokens else None


def _refuse_not_finite(loss: float, first: int, last: int, packs: int) -> None:
    if not isfinite(loss):
        raise InputWrong(
            reasons.VALIDATION_LOSS_NOT_FINITE,
            f"the validation loss is {loss} on sequences {first + 1} to {last} of {packs}; "
            "training itself ended with a finite loss",
        )
