"""Validation: the mean loss over all answer tokens of the validation split, each token counting once."""

from collections.abc import Callable

from sluice_api.errors import StageError
from sluice_trainer.data.shards import ShardReader
from sluice_trainer.training.learner import Learner


def validation_loss(
    learner: Learner, packs: ShardReader, ending: Callable[[], StageError | None]
) -> float | None:
    """None when no token carries loss. Raises the ending as soon as there is one."""
    loss, tokens = 0.0, 0
    for first in range(0, len(packs), learner.micro_batch_size):
        if (error := ending()) is not None:
            raise error
        last = min(first + learner.micro_batch_size, len(packs))
        part, count = learner.loss_without_learning([packs.pack(i) for i in range(first, last)])
        loss, tokens = loss + part, tokens + count
    return loss / tokens if tokens else None
