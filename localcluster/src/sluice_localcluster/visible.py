"""Running a long command so that the person at the terminal sees it move.

Its output goes to a log; every few seconds the newest line is shown with the time.
"""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sluice_localcluster.progress import Heartbeat


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a log."""
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def newest_line(log: Path) -> str:
    """Return what a command said last."""
    return tail(log, 1)


def run_visibly(
    what: str,
    argv: Sequence[str],
    log: Path,
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    describe: Callable[[Path], str] = newest_line,
) -> tuple[int, float]:
    """Run to the end; return exit code and seconds. Interrupting us ends the command."""
    heartbeat = Heartbeat(what)
    with log.open("wb") as sink:
        child = subprocess.Popen(
            argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
        try:
            while child.poll() is None:
                heartbeat.beat(describe(log))
                time.sleep(0.1)
        finally:
            child.kill()
            child.wait()
    return child.returncode, heartbeat.elapsed
