"""Work that goes on beside a test, in a thread of its own."""

import threading
from collections.abc import Callable


class Background:
    """Does `step` again and again from `begin` to `end`; its first error stops it, and `end` raises it."""

    def __init__(self, step: Callable[[], None], join_seconds: float = 10) -> None:
        self.stopping = threading.Event()
        self._step = step
        self._join_seconds = join_seconds
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None

    def begin(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self) -> None:
        """Stop it, and wait until the step that goes on is over."""
        self.stopping.set()
        self._thread.join(timeout=self._join_seconds)

    def end(self, error: BaseException | None) -> None:
        """Stop it, and raise what went wrong unless an error is under way already."""
        self.stop()
        if error is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._step()
            except Exception as error:
                self._error = error
                return
