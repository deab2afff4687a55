"""Starting and stopping the cluster's processes, and the record of them.

One `Processes` per state folder. Every process has a name, a log file and a record
(pid, start time, boot), so that stopping never hits a stranger. What the processes
are is none of this module's business.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.identity import MARKER, Identity, identify, is_alive, marked
from sluice_localcluster.visible import tail

_POLL_SECONDS = 0.05
_UNFINISHED = ".unfinished"
_INHERITED = ("HOME", "PATH", "TMPDIR")


class Processes:
    """The processes that belong to one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._records = self.folder / "processes"
        self._logs = self.folder / "logs"
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def log_file(self, name: str) -> Path:
        """Return where the output of `name` goes."""
        return self._logs / f"{name}.log"

    def names(self) -> list[str]:
        """Return the names of all recorded processes, running or not."""
        return sorted(path.stem for path in self._records.glob("*.json"))

    def logged(self) -> list[str]:
        """Return the names of all processes that have a log."""
        return sorted(path.stem for path in self._logs.glob("*.log"))

    def find(self, name: str) -> Identity | None:
        """Return the running process `name`, or None."""
        try:
            identity = Identity(**json.loads((self._records / f"{name}.json").read_text()))
        except FileNotFoundError:
            return None
        self._reap()
        return identity if is_alive(identity) else None

    def start(self, name: str, argv: Sequence[str], extra_env: Mapping[str, str] | None = None) -> Identity:
        """Start `name` in a session of its own and record it; its output is appended to its log."""
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        intent = self._records / f"{name}{_UNFINISHED}"
        intent.touch()
        with self.log_file(name).open("ab") as log:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**_environment(), **(extra_env or {}), MARKER: str(self.folder)},
                start_new_session=True,
            )
        self._children[child.pid] = child
        identity = identify(child.pid)
        if identity is None:
            raise LocalClusterError(self.describe_death(name))
        self._write(name, identity)
        intent.unlink()
        return identity

    def begin_stopping(self) -> None:
        """Note that all is about to be stopped; `stop_rest` completes it."""
        if self._records.exists():
            (self._records / f"all{_UNFINISHED}").touch()

    def was_interrupted(self) -> bool:
        """Whether a driver was killed while it started a process, or stopped all of them.

        Then a running process may be unknown, or about to end.
        """
        return any(self._records.glob(f"*{_UNFINISHED}"))

    def stop(self, name: str, grace_seconds: float = 10.0) -> None:
        """End `name` and forget it; a process that was never started is no error."""
        identity = self.find(name)
        if identity is not None:
            self.end([identity], grace_seconds)
        (self._records / f"{name}.json").unlink(missing_ok=True)

    def stop_rest(self, grace_seconds: float = 2.0) -> None:
        """End everything that was started for this folder, recorded or not."""
        while strays := marked(self.folder):  # a process may have forked meanwhile
            self.end(strays, grace_seconds)
        for path in self._records.glob("*"):
            path.unlink()

    def end(self, processes: Iterable[Identity], grace_seconds: float) -> None:
        """Ask the processes to stop, wait, and kill those that did not."""
        left = [process for process in processes if send(process, signal.SIGTERM)]
        left = self._wait(left, grace_seconds)
        for process in left:
            send(process, signal.SIGKILL)
        left = self._wait(left, 30.0)
        if left:
            raise LocalClusterError(
                f"processes {[process.pid for process in left]} do not end even by SIGKILL; "
                "look at their state in /proc/PID/status"
            )

    def describe_death(self, name: str, lines: int = 15) -> str:
        """Say that `name` is not running, with the end of its log."""
        return f"{name} ended unexpectedly; its log {self.log_file(name)} ends with:\n" + tail(
            self.log_file(name), lines
        )

    def _wait(self, processes: list[Identity], seconds: float) -> list[Identity]:
        deadline = time.monotonic() + seconds
        while True:
            self._reap()
            processes = [process for process in processes if is_alive(process)]
            if not processes or time.monotonic() > deadline:
                return processes
            time.sleep(_POLL_SECONDS)

    def _reap(self) -> None:
        for pid, child in list(self._children.items()):
            if child.poll() is not None:
                del self._children[pid]

    def _write(self, name: str, identity: Identity) -> None:
        path = self._records / f"{name}.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(identity)))
        temporary.replace(path)


def _environment() -> dict[str, str]:
    """Return what every program may know of ours: no proxies, no stray settings."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def send(identity: Identity, number: signal.Signals) -> bool:
    """Send a signal to exactly this process; return whether it was still there.

    The file descriptor pins the process, so the check and the signal cannot fall apart.
    """
    try:
        descriptor = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return False
    try:
        if not is_alive(identity):
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, number)
        return True
    finally:
        os.close(descriptor)
