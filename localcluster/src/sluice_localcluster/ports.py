"""Free loopback ports that stay ours between choosing and binding.

The ports lie below the range from which kernels choose for outgoing connections, and
each is guarded by a lock file until its `PortLease` is closed, so clusters that start
side by side never choose the same one.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

from sluice_localcluster.errors import LocalClusterError

FIRST, LAST = 20000, 31999


class PortLease:
    """A set of ports that no other lease holds."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"sluice-ports-{os.geteuid()}"
        self._locks: list[IO[str]] = []

    def take(self) -> int:
        """Return a port on which nothing listens and which no other lease holds."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for port in random.sample(range(FIRST, LAST + 1), 200):
            if self._lock(port):
                return port
        raise LocalClusterError(f"no free loopback port found between {FIRST} and {LAST}")

    def close(self) -> None:
        """Give all ports back."""
        for lock in self._locks:
            Path(lock.name).unlink()
            lock.close()
        self._locks.clear()

    def _lock(self, port: int) -> bool:
        handle = (self._folder / str(port)).open("a")
        if _holds(handle) and is_free(port):
            self._locks.append(handle)
            return True
        handle.close()
        return False


def _holds(handle: IO[str]) -> bool:
    """Lock the file; its last holder may have removed it meanwhile, which frees nothing."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle.fileno()), Path(handle.name).stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
