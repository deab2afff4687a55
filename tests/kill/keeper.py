"""Keeps operators running as a kubelet would, and deals the blows of their lives."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from support.background import Background
from support.mortal_operator import BLOW, WRITES, Blow
from support.operator_process import OperatorProcess

POLL_SECONDS = 0.1
ASLEEP_SECONDS = 3.0
"""How long another one leads before the sleeper wakes up."""


@dataclass
class Keeper:
    """One operator, started again whenever it ended; each life may have a blow."""

    operator: OperatorProcess
    blows: list[Blow] = field(default_factory=list)
    """One for each of the next lives; lives after that have none."""
    stays_dead: bool = False
    """Whether nobody starts it again: another one must take over."""
    other: OperatorProcess | None = None
    """Who leads while this one sleeps."""
    ends: list[int] = field(default_factory=list)
    """Exit codes of its lives."""
    struck: int = 0
    """Blows that fell."""
    slept: int = 0
    _background: Background = field(init=False)
    _blow: Blow | None = None

    @property
    def writes_file(self) -> Path:
        """Names of the writes that were done."""
        return self.operator.folder / f"writes-{self.operator.identity}.txt"

    def writes(self) -> list[str]:
        """What was written, in order."""
        return self.writes_file.read_text().splitlines() if self.writes_file.exists() else []

    @property
    def is_done(self) -> bool:
        """Whether every blow fell, and whoever slept has ended."""
        is_over = not self.blows and self._blow is None
        return is_over and not (self.slept and not self.ends)

    def __post_init__(self) -> None:
        self._background = Background(self._step, join_seconds=30)

    def __enter__(self) -> Self:
        self._start()
        self._background.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background.stop()
        if self.operator.code is None:
            self.operator.kill()
        self._background.end(error)

    def _step(self) -> None:
        if not self._background.stopping.wait(POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        if self.operator.code is not None:
            self._note_end(self.operator.code)
            if self.stays_dead:
                self._background.stopping.set()
            else:
                self._start()
        elif self.is_asleep():
            self._wake_when_another_leads()

    def _note_end(self, code: int) -> None:
        self.ends.append(code)
        if self._blow is not None and self._blow.signal == "KILL" and code == -9:
            self.struck += 1
            self._blow = None

    def _start(self) -> None:
        self._blow = self._blow or (self.blows.pop(0) if self.blows else None)
        blow = {BLOW: self._blow.text} if self._blow else {}
        self.operator.start(wait=False, **{WRITES: str(self.writes_file)}, **blow)

    def is_asleep(self) -> bool:
        """Whether it got SIGSTOP."""
        state = Path(f"/proc/{self.operator.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "T"

    def _wake_when_another_leads(self) -> None:
        assert self.other is not None, "who sleeps needs somebody to take over"
        self.struck, self.slept, self._blow = self.struck + 1, self.slept + 1, None
        self._wait_for(lambda: self.other is not None and self.other.metric("sluice_leader") == 1)
        self._background.stopping.wait(ASLEEP_SECONDS)
        self.operator.resume()

    def _wait_for(self, holds: Callable[[], bool], seconds: float = 60) -> None:
        ends = time.monotonic() + seconds
        while not self._background.stopping.is_set() and not holds():
            if time.monotonic() > ends:
                raise AssertionError(f"nobody leads {seconds:g} s after the leader fell asleep")
            self._background.stopping.wait(POLL_SECONDS)
