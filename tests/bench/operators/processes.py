"""Operators under measurement: each executed as in its container, so that imports and memory are its own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.operator_process import OperatorProcess

MIB = 1024.0
IN_THE_IMAGE = {"MALLOC_ARENA_MAX": "2"}
"""Environment that the Dockerfile gives our operator; the peer gets the same."""
PEER = Path(__file__).with_name("peer.py")
SHIPPED = Path(__file__).with_name("shipped.py")
STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Memory:
    """What a process holds, in MiB."""

    resident: float
    proportional: float
    """Pages that are shared are divided among those who share them."""
    peak: float
    """Largest resident size so far."""


def memory_of(pid: int) -> Memory:
    """Read it from the kernel."""
    rollup = _fields(Path(f"/proc/{pid}/smaps_rollup"))
    peak = _fields(Path(f"/proc/{pid}/status"))["VmHWM"]
    return Memory(rollup["Rss"] / MIB, rollup["Pss"] / MIB, peak / MIB)


def _fields(file: Path) -> dict[str, float]:
    rows = (line.split() for line in file.read_text().splitlines())
    return {row[0].rstrip(":"): float(row[1]) for row in rows if row[-1] == "kB"}


@dataclass
class ExecutedOperator(OperatorProcess):
    """Our operator, as its image runs it, never forked from a process that has imported it."""

    _process: subprocess.Popen[bytes] | None = None

    def launch(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        command = [sys.executable, str(SHIPPED), *arguments]
        self._process = _execute(command, environment, self.log_file)
        return self._process.pid

    @property
    def code(self) -> int | None:
        return self._process.poll() if self._process else None

    def is_idle(self) -> bool:
        """Whether it leads, and nothing waits or is at work."""
        busy = self.metric("sluice_queue_depth") + self.metric("sluice_workers_active")
        return self.metric("sluice_leader") == 1 and busy == 0


@dataclass
class ExecutedPeer:
    """The peer: `kopf run`, as its documentation says."""

    folder: Path
    kubeconfig: Path
    namespace: str
    pid: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, and wait for nothing."""
        command = [sys.executable, "-m", "kopf", "run", "--standalone", f"--namespace={self.namespace}"]
        environment = {"KUBECONFIG": str(self.kubeconfig)}
        self._process = _execute([*command, str(PEER)], environment, self.folder / "peer.log")
        self.pid = self._process.pid

    def stop(self) -> None:
        """SIGTERM, or SIGKILL when that takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _execute(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            env={**os.environ, **IN_THE_IMAGE, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
