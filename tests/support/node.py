"""The demo's cluster as end-to-end tests see it: its API, its store's files, its containers' processes.

Only ways to look and to hurt live here; what must hold is said by the tests.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from sluice_demo import install
from sluice_demo.kube import Kube
from sluice_localcluster import cluster as clusters
from sluice_localcluster import namespaces, s3
from sluice_localcluster.cluster import Cluster
from sluice_localcluster.startup import wait_ready
from sluice_localcluster.status import environment
from support.kubeapi import KubeApi
from support.teamspace import Teamspace

OPERATOR = f"system:serviceaccount:{install.SYSTEM}:sluice"
"""The operator's user, by whom the audit log tells its writes."""
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
TINY, TIGHT, VAST = "tiny", "tight", "vast"
"""Compute profiles: of one CPU, since a stage makes as many threads as its limit says and several run at
once; with too little memory for large micro batches, which its administrator overrates; and with more memory
for training than any node has."""
_CPU_STAGES = {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "4Gi"}}
_PROFILES: tuple[dict[str, Any], ...] = (
    {
        "name": TINY,
        "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "4Gi"}},
    },
    {
        "name": TIGHT,
        "resources": {
            "requests": {"cpu": "100m", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "1600Mi"},
        },
        "memoryBytes": 64 * 2**30,
    },
    {
        "name": VAST,
        "resources": {"requests": {"memory": "1Ti"}, "limits": {"memory": "1Ti"}},
        "pendingSeconds": 30,
    },
)
PATIENCE_SECONDS = 600
"""A busy machine is slow, not broken."""


@dataclass(frozen=True)
class Door:
    """How the administrator reaches the API server."""

    url: str
    ca_file: Path
    token: str


@dataclass(frozen=True)
class Node:
    """A running cluster with Sluice installed."""

    cluster: Cluster

    @classmethod
    def require(cls) -> "Node":
        """The demo's cluster. Raises LocalClusterError, which says how to make one."""
        return cls(clusters.require(os.environ.get("SLUICE_CLUSTER", clusters.DEFAULT_NAME)))

    @cached_property
    def kube(self) -> Kube:
        """kubectl and helm."""
        return Kube(environment(self.cluster))

    @cached_property
    def api(self) -> KubeApi:
        """The API server."""
        user = json.loads(self.cluster.kubeconfig.read_text())["users"][0]["user"]
        plane = self.cluster.plane
        return KubeApi(Door(plane.url, plane.pki / "ca.crt", user["token"]))

    @property
    def audit_log(self) -> Path:
        """What was changed, by whom."""
        return self.cluster.plane.audit_log

    def stored(self, namespace: str, key: str = "") -> Path:
        """Where an object, by key or by uri, lies in the store: keys are paths of plain files."""
        root = f"s3://{install.BUCKET}/{namespace}/"
        return self.cluster.storage.data / install.BUCKET / namespace / key.removeprefix(root)

    def import_model(self, namespace: str, folder: Path, name: str) -> None:
        """Import a base model, as a user does."""
        plugin = str(Path(sys.executable).with_name("kubectl-sluice"))
        root = f"s3://{install.BUCKET}/{namespace}"
        self.kube.run(plugin, "model", "import", str(folder), "--name", name, "--root", root)

    def make_space(self, name: str) -> Teamspace:
        """A namespace under the restricted standard, with S3 credentials and nothing in the store."""
        shutil.rmtree(self.stored(name), ignore_errors=True)
        metadata = {"name": name, "labels": RESTRICTED}
        credentials = environment(self.cluster)
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": install.SECRET, "namespace": name},
            "stringData": {key: credentials[key] for key in keys},
        }
        self.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, secret)
        return Teamspace(self.api, name)

    def drop_spaces(self, names: Iterable[str], *, wait: bool) -> None:
        """Delete namespaces and what they keep in the store."""
        self.kube.kubectl("delete", "namespace", *names, "--ignore-not-found", f"--wait={str(wait).lower()}")
        for name in names:
            shutil.rmtree(self.stored(name), ignore_errors=True)

    def values(self) -> dict[str, Any]:
        """Values that the chart was installed with."""
        said = self.kube.run("helm", "get", "values", "sluice", "-n", install.SYSTEM, "-o", "json")
        return dict(json.loads(said))

    def upgrade(self, values: dict[str, Any]) -> None:
        """Install the chart again, as an administrator does."""
        chart = str(install.ROOT / "charts" / "sluice")
        arguments = ["upgrade", "--install", "sluice", chart, "--namespace", install.SYSTEM, "--values", "-"]
        self.kube.run("helm", *arguments, "--wait", "--timeout", "5m", stdin=yaml.safe_dump(values))

    def uninstall(self) -> None:
        """Take the chart away, as an administrator does."""
        self.kube.run("helm", "uninstall", "sluice", "-n", install.SYSTEM, "--wait", "--timeout", "5m")

    def operators(self) -> dict[str, Any]:
        """Pods of the operator by name."""
        found = self.kube.get("pods", "-n", install.SYSTEM, "-l", "app.kubernetes.io/name=sluice-operator")[
            "items"
        ]
        return {pod["metadata"]["name"]: pod for pod in found}

    def leader(self) -> str:
        """The operator's Pod that holds the Lease; empty when none does."""
        lease = self.kube.get("lease", "sluice-operator", "-n", install.SYSTEM)
        return str(lease["spec"].get("holderIdentity") or "")

    def allow(self, names: Iterable[str]) -> None:
        """Let namespaces use every profile, and offer them those that tests need."""
        values = self.values()
        kinds = values["profiles"]
        ours = {profile["name"] for profile in _PROFILES}
        others = [profile for profile in kinds["compute"] if profile["name"] not in ours]
        fresh = [{"allowedNamespaces": [], "cpuResources": _CPU_STAGES, **profile} for profile in _PROFILES]
        kinds["compute"] = [*others, *fresh]
        for profile in [p for kind in kinds.values() for p in kind]:
            profile["allowedNamespaces"] = sorted({*profile["allowedNamespaces"], *names})
        self.upgrade(values)

    def kill_container(self, pod_uid: str) -> None:
        """SIGKILL, from outside, to the stage's process of a Pod."""
        victims = [pid for pid in _processes_of(pod_uid) if b"sluice_trainer" in _command(pid)]
        assert victims, f"no process of Pod {pod_uid} runs"
        for pid in victims:
            os.kill(pid, signal.SIGKILL)

    def process_of(self, pod_uid: str) -> int:
        """A process of a Pod: whoever enters its network goes by it."""
        return next(_processes_of(pod_uid))

    @contextmanager
    def storage_outage(self) -> Iterator[None]:
        """No S3 server; afterwards it is there again with all its data."""
        processes, component = self.cluster.processes, s3.server(self.cluster.storage)
        processes.stop(component.name)
        try:
            yield
        finally:
            argv = namespaces.enter(namespaces.holder(processes), component.argv)
            processes.start(component.name, argv, component.extra_env)
            wait_ready(processes, component)


def _processes_of(pod_uid: str) -> Iterator[int]:
    """Processes whose control group belongs to the Pod."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and pod_uid in _read(entry / "cgroup").decode():
            yield int(entry.name)


def _command(pid: int) -> bytes:
    return _read(Path(f"/proc/{pid}/cmdline"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
