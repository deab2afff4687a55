"""Locks between processes, held by a file descriptor so that a killed holder frees them.

Used by parallel builds and installations, and by `up` and `down`.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice_localcluster.progress import say


@contextmanager
def exclusive(path: Path, busy: str) -> Iterator[None]:
    """Hold the lock file `path`; say `busy` once when somebody else holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        _wait(handle.fileno(), busy)
        yield


@contextmanager
def exclusive_folder(folder: Path, busy: str) -> Iterator[None]:
    """Hold a folder, made if needed; its last holder may remove it, so look again."""
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _wait(descriptor, busy)
            if folder.exists() and os.path.samestat(os.fstat(descriptor), folder.stat()):
                yield
                return
        finally:
            os.close(descriptor)


def _wait(descriptor: int, busy: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(busy)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
