"""The node's own control group in every hierarchy, whether the machine uses version 1 or 2.

All containers run below it, so ending and removing it ends and removes exactly them.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.identity import Identity, identify

_SECONDS = 30.0
# What a kubelet expects to find in version 2, where it is available at all.
_CONTROLLERS = {"cpu", "cpuset", "hugetlb", "io", "memory", "pids"}


def parse_hierarchies(mountinfo: str) -> list[Path]:
    """Return where control groups are mounted, out of /proc/self/mountinfo."""
    found = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        if right.split()[0] in ("cgroup", "cgroup2"):
            found.append(Path(left.split()[4]))
    return found


def hierarchies() -> list[Path]:
    """Return the roots of this machine's hierarchies."""
    found = parse_hierarchies(Path("/proc/self/mountinfo").read_text())
    if not found:
        raise LocalClusterError("no control groups are mounted; mount them at /sys/fs/cgroup")
    return found


def group_name(cluster: str) -> str:
    """Return the name of the cluster's group."""
    return f"sluice-{cluster}"


def create(cluster: str) -> None:
    """Make the group everywhere; in version 2 also hand the controllers down to it."""
    for root in hierarchies():
        (root / group_name(cluster)).mkdir(exist_ok=True)
        if (root / "cgroup.controllers").exists():
            _delegate(root)


def containers(cluster: str) -> list[Identity]:
    """Return every process below the group."""
    pids: set[int] = set()
    for folder in _groups(cluster):
        pids.update(_members(folder))
    found = [identify(pid) for pid in sorted(pids)]
    return [identity for identity in found if identity is not None]


def thaw(cluster: str) -> None:
    """Wake paused containers: in version 1 a frozen process does not even die."""
    for folder in _groups(cluster):
        with contextlib.suppress(OSError):  # gone meanwhile, or no freezer in this hierarchy
            (folder / "freezer.state").write_text("THAWED")


def remove(cluster: str) -> None:
    """Remove the group everywhere; its processes must have ended."""
    deadline = time.monotonic() + _SECONDS
    while groups := list(_groups(cluster)):
        for folder in groups:
            _remove(folder)
        if time.monotonic() > deadline:
            raise LocalClusterError(f"the control groups {groups} cannot be removed")
        time.sleep(0.05)


def _groups(cluster: str) -> Iterator[Path]:
    """Yield the cluster's groups, the innermost first; they may vanish meanwhile."""
    for root in hierarchies():
        for folder, _, _ in os.walk(root / group_name(cluster), topdown=False):
            yield Path(folder)


def _members(folder: Path) -> list[int]:
    try:
        return [int(line) for line in (folder / "cgroup.procs").read_text().split()]
    except OSError:  # the group is gone, and its processes with it
        return []


def _remove(folder: Path) -> None:
    """Remove one group; the kernel refuses for a moment after its last process ended."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _delegate(root: Path) -> None:
    available = _CONTROLLERS & set((root / "cgroup.controllers").read_text().split())
    handed_down = (root / "cgroup.subtree_control").read_text().split()
    for controller in sorted(available - set(handed_down)):
        try:
            (root / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError as error:
            raise LocalClusterError(
                f"the controller {controller} cannot be handed down in {root} ({error}); in a "
                "container, move its processes out of the root group first"
            ) from error
