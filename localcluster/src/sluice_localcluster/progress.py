"""What the person at the terminal sees while something takes long.

Everything goes to standard error, one line per event, so that standard output stays
for results. No decisions are made here.
"""

import sys
import time

_STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one line with the seconds since the program started."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)


class Heartbeat:
    """Says that a long step is still running, at most once in `every` seconds."""

    def __init__(self, what: str, every: float = 5.0) -> None:
        self._what = what
        self._every = every
        self._start = self._last = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since this step began."""
        return time.monotonic() - self._start

    def beat(self, detail: str = "") -> None:
        """Print the step, its age and `detail` when the last line is old enough."""
        if time.monotonic() - self._last < self._every:
            return
        self._last = time.monotonic()
        say(f"{self._what}: {self.elapsed:.0f} s{', ' + detail if detail else ''}")
