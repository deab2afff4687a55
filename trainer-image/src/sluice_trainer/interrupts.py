"""Turns SIGTERM and the end of the running time into orderly ends.

A stage is ended where it is, whatever it is doing; that loses nothing, because nobody reads a folder that no
marker names. Inside `deferred` it ends by itself at its next good place: training saves a checkpoint first.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class EndNow(BaseException):
    """The attempt ends from outside. No `except Exception` of a library may swallow it."""

    def __init__(self, checkpoint: int | None = None) -> None:
        super().__init__()
        self.checkpoint = checkpoint
        """Step of the newest complete checkpoint, once training knows it."""


class StopNow(EndNow):
    """SIGTERM arrived."""


class DeadlineNow(EndNow):
    """The running time is over."""


class Interrupts:
    """What may end an attempt from outside."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        """Set when the Pod was asked to end."""
        self.checkpoint: int | None = None
        """Step of the newest complete checkpoint, once training knows it."""
        self._expired = False
        self._deferring = 0

    @contextmanager
    def listening(self, seconds: float | None) -> Iterator[None]:
        """Listen while the stage runs. Only the main thread may call this."""
        before = signal.signal(signal.SIGTERM, self._on_term)
        alarm_before = signal.signal(signal.SIGALRM, self._on_alarm)
        try:
            if seconds is not None:
                signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, alarm_before)
            signal.signal(signal.SIGTERM, before)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Inside, the stage looks at stop flag and deadline itself. What came too late ends it here."""
        self._deferring += 1
        try:
            yield
        finally:
            self._deferring -= 1
        self._end_if_due()

    def _on_term(self, _signal: int, _frame: FrameType | None) -> None:
        again = self.stop.is_set()
        self.stop.set()
        if not again:
            self._end_if_due()

    def _on_alarm(self, _signal: int, _frame: FrameType | None) -> None:
        self._expired = True
        self._end_if_due()

    def _end_if_due(self) -> None:
        if self._deferring:
            return
        if self.stop.is_set():
            raise StopNow(self.checkpoint)
        if self._expired:
            raise DeadlineNow(self.checkpoint)
