"""Which process is which: a pid alone is not enough, since pids are used again.

Reads /proc and never signals anything.
"""

import os
from dataclasses import dataclass
from pathlib import Path

MARKER = "SLUICE_LOCALCLUSTER"

# Positions in /proc/PID/stat, counted after the command, which may itself hold spaces.
_STATE, _START_TIME = 0, 19


@dataclass(frozen=True)
class Identity:
    """One process for ever: its pid, when it started, and in which boot of the machine."""

    pid: int
    start_ticks: int
    boot_id: str


def parse_stat(text: str) -> tuple[str, int]:
    """Return state and start time (in ticks since boot) out of a /proc/PID/stat line."""
    fields = text.rpartition(")")[2].split()
    return fields[_STATE], int(fields[_START_TIME])


def boot_id() -> str:
    """Return the kernel's name for the current boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def identify(pid: int) -> Identity | None:
    """Return the identity of the running process `pid`, or None if it is gone or a zombie."""
    try:
        state, start = parse_stat(Path(f"/proc/{pid}/stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else Identity(pid, start, boot_id())


def is_alive(identity: Identity) -> bool:
    """Whether exactly this process still runs."""
    return identify(identity.pid) == identity


def marked(folder: Path) -> list[Identity]:
    """Return every process that was started for `folder`, recorded or not.

    Each process that we start carries the folder in its environment, and so do its
    children (containerd's shims, for example). This also finds what a killed driver
    had no time to write down.
    """
    wanted = f"{MARKER}={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        identity = identify(int(entry.name)) if wanted in _environment(entry) else None
        if identity is not None:
            found.append(identity)
    return found


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:  # gone meanwhile, or of another user: in both cases not ours
        return []
