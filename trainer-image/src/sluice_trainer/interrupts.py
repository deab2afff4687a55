"""Turns SIGTERM and the end of the running time into orderly ends.

A stage is ended where it is, whatever it is doing; that loses nothing, because nobody reads a folder that no
marker names. Inside `deferred` it ends by itself at its next good place: training saves a checkpoint first.

One signal is not enough. It may reach Python just before the stage enters a system call, or in another
thread: then nothing wakes the call. And what a handler raises inside a finalizer, the interpreter drops. So a
thread sends the signal to the main thread again until the stage is on its way out.
"""

import os
import signal
import sys
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


AGAIN_SECONDS = 0.2
"""Between two signals to a stage that has not begun to end."""


class Interrupts:
    """What may end an attempt from outside."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        """Set when the Pod was asked to end."""
        self.checkpoint: int | None = None
        """Step of the newest complete checkpoint, once training knows it."""
        self._expired = threading.Event()
        self._heard: dict[int, threading.Event] = {signal.SIGTERM: self.stop, signal.SIGALRM: self._expired}
        self._ending = threading.Event()
        """Set while the exception is on its way. Nothing interrupts what the stage then puts in order."""
        self._deferring = 0

    @contextmanager
    def listening(self, seconds: float | None) -> Iterator[None]:
        """Listen while the stage runs. Only the main thread may call this."""
        before = signal.signal(signal.SIGTERM, self._on_term)
        alarm_before = signal.signal(signal.SIGALRM, self._on_alarm)
        try:
            with self._insisting():
                if seconds is not None:
                    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
                yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, alarm_before)
            signal.signal(signal.SIGTERM, before)

    @contextmanager
    def _insisting(self) -> Iterator[None]:
        """Signals also arrive in a pipe, the moment they come, whatever the main thread does."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)

        def on_dropped(dropped: "sys.UnraisableHookArgs") -> None:
            if isinstance(dropped.exc_value, EndNow):
                self._ending.clear()
                os.write(writer, bytes([signal.SIGTERM if self.stop.is_set() else signal.SIGALRM]))
            else:
                hook_before(dropped)

        hook_before, sys.unraisablehook = sys.unraisablehook, on_dropped
        pipe_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        done = threading.Event()
        insists = threading.Thread(
            target=self._insist, args=(reader, threading.get_ident(), done), daemon=True
        )
        insists.start()
        try:
            yield
        finally:
            done.set()
            signal.set_wakeup_fd(pipe_before)
            sys.unraisablehook = hook_before
            os.close(writer)
            insists.join()
            os.close(reader)

    def _insist(self, reader: int, main: int, done: threading.Event) -> None:
        for told in iter(lambda: os.read(reader, 1), b""):
            heard = self._heard.get(told[0])
            while heard is not None and self._unanswered(heard) and not done.wait(AGAIN_SECONDS):
                if self._unanswered(heard):
                    signal.pthread_kill(main, told[0])

    def _unanswered(self, heard: threading.Event) -> bool:
        return not heard.is_set() or not (self._ending.is_set() or self._deferring)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Inside, the stage looks at stop flag and deadline itself. What came too late ends it here."""
        self._deferring += 1
        try:
            yield
        except EndNow:
            self._ending.set()
            raise
        finally:
            self._deferring -= 1
        self._end_if_due()

    def _on_term(self, _signal: int, _frame: FrameType | None) -> None:
        self.stop.set()
        self._end_if_due()

    def _on_alarm(self, _signal: int, _frame: FrameType | None) -> None:
        self._expired.set()
        self._end_if_due()

    def _end_if_due(self) -> None:
        if self._deferring or self._ending.is_set():
            return
        if self.stop.is_set():
            self._ending.set()
            raise StopNow(self.checkpoint)
        if self._expired.is_set():
            self._ending.set()
            raise DeadlineNow(self.checkpoint)
