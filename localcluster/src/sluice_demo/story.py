"""Narration: numbered steps, what each took, and one line per change of an object."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_STARTED = time.monotonic()


def tell(text: str = "") -> None:
    """One line for the person at the terminal."""
    print(text, file=sys.stdout, flush=True)


def elapsed() -> float:
    """Seconds since the demo began."""
    return time.monotonic() - _STARTED


class Story:
    """Numbered steps with their times."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, float]] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell that a step begins, and how long it took."""
        number = len(self._steps) + 1
        tell(f"\n[{elapsed():5.0f} s] {number}. {title}")
        begin = time.monotonic()
        yield
        self._steps.append((title, time.monotonic() - begin))
        tell(f"[{elapsed():5.0f} s]    done in {self._steps[-1][1]:.0f} s")

    def summary(self) -> None:
        """A table of all steps."""
        tell("\nHow long it took:")
        for number, (title, seconds) in enumerate(self._steps, 1):
            tell(f"  {number:>2}. {title:<58} {seconds:6.0f} s")
        tell(f"      {'in all':<58} {elapsed():6.0f} s")
