"""Taking a cluster away without a trace, whatever state it is in.

Needs nothing but the cluster's name: what a killed `up` or `down` left is found by
marker, control group and link. Never touches what belongs to another cluster.
"""

import os
import shutil
from pathlib import Path

from sluice_localcluster import cgroups, kernel, namespaces, packages, paths
from sluice_localcluster.cluster import check_name
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.lock import exclusive_folder
from sluice_localcluster.process import Processes
from sluice_localcluster.progress import say

# Callers before the called: an API server without etcd would not end when asked.
_FIRST = ("kubelet", "kube-proxy")
_THEN = (
    "containerd",
    "coredns",
    "s3",
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "etcd",
)
_REMOVED = ".removed"


def down(name: str) -> None:
    """End the cluster and remove everything that was made for it."""
    check_name(name)
    if os.geteuid() != 0:
        raise LocalClusterError("`down` needs root, like `up`")
    base = paths.state_base()
    with exclusive_folder(base, "waiting for another `up` or `down`"):
        say(f"stopping the cluster {name}")
        stop(name)
        _remove_data(paths.state_folder(name))
        if not any(path.is_dir() for path in base.iterdir()):
            kernel.restore(base / "kernel-settings.json")
            packages.repair()
            base.rmdir()
    say(f"the cluster {name} is gone")


def stop(name: str) -> None:
    """End every process of the cluster, and what lives only as long as they do; data stay."""
    processes = Processes(paths.state_folder(name))
    processes.begin_stopping()
    for component in _FIRST:
        processes.stop(component, grace_seconds=5.0)
    cgroups.thaw(name)
    while containers := cgroups.containers(name):  # one may have forked meanwhile
        processes.end(containers, grace_seconds=0.0)
    for component in _THEN:
        processes.stop(component, grace_seconds=5.0)
    processes.stop_rest()
    cgroups.remove(name)
    namespaces.disconnect(name)


def _remove_data(folder: Path) -> None:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if inside := [mount for mount in mounts if Path(mount).is_relative_to(folder)]:
        raise LocalClusterError(f"{inside} are mounted in {folder}; unmount them, then run again")
    # Renamed first: a removal that is killed half-way leaves no half of a cluster.
    if folder.exists():
        folder.rename(folder.with_name(f".{folder.name}{_REMOVED}"))
    for removed in folder.parent.glob(f".*{_REMOVED}"):
        shutil.rmtree(removed)
