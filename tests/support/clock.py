"""A clock that only moves when a test, or somebody who sleeps, moves it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts at a fixed moment. `on_sleep` lets a test act while somebody waits."""

    def __init__(self, on_sleep: Callable[[float], None] | None = None) -> None:
        self.elapsed = 0.0
        self._on_sleep = on_sleep or (lambda seconds: None)

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.elapsed += seconds
        self._on_sleep(seconds)
