"""Turns SIGTERM and the end of the running time into orderly ends.

Stages that save their work see the stop flag and end by themselves. All others are ended where they are; that
loses nothing, because nobody reads a folder that no marker names.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopNow(BaseException):
    """SIGTERM arrived. No `except Exception` of a library may swallow it."""


class DeadlineNow(BaseException):
    """The running time is over."""


@contextmanager
def interrupts(stop: threading.Event, seconds: float | None, saves_its_work: bool) -> Iterator[None]:
    """Listen while the stage runs. Only the main thread may call this."""

    def on_term(_signal: int, _frame: FrameType | None) -> None:
        stop.set()
        if not saves_its_work:
            raise StopNow

    def on_alarm(_signal: int, _frame: FrameType | None) -> None:
        raise DeadlineNow

    before = signal.signal(signal.SIGTERM, on_term)
    timed = seconds is not None and not saves_its_work
    alarm_before = signal.signal(signal.SIGALRM, on_alarm) if timed else None
    try:
        if timed and seconds is not None:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        yield
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, alarm_before)
        signal.signal(signal.SIGTERM, before)
