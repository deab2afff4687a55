"""Why an attempt at training has to end early. Asked between steps, when nothing is half done."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sluice_api import reasons
from sluice_api.errors import DeadlineExceeded, DependencyUnavailable, StageError, StoppedOnRequest
from sluice_trainer.context import Context


def ending_now(ctx: Context, lock_lost: threading.Event) -> StageError | None:
    """The error that the attempt is to end with, or None."""
    left = ctx.remaining_seconds
    if ctx.stop.is_set():
        return StoppedOnRequest(reasons.STOPPED_ON_REQUEST, "asked to end; every finished step was saved")
    if left is not None and left <= 0:
        return DeadlineExceeded(
            reasons.DEADLINE_EXCEEDED,
            "the running time of all attempts is over; every finished step was saved",
        )
    if lock_lost.is_set():
        return DependencyUnavailable(
            reasons.LOCK_HELD, "another attempt took the lock over while this one could not reach the store"
        )
    return None


@contextmanager
def saved_at(step: int) -> Iterator[None]:
    """Errors from inside know that the newest complete checkpoint is that of `step`."""
    try:
        yield
    except StageError as error:
        error.checkpoint = step
        raise
