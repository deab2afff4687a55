"""A whole node: up, work, killed half-way, repaired, and gone without a trace (root)."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice_localcluster import cgroups, namespaces
from sluice_localcluster import cluster as clusters
from sluice_localcluster.cluster import Cluster
from sluice_localcluster.down import down, stop
from sluice_localcluster.identity import Identity, is_alive, marked
from sluice_localcluster.kernel import _ROOT, _SETTINGS
from sluice_localcluster.node import PAUSE_IMAGE
from sluice_localcluster.paths import state_base, state_folder
from sluice_localcluster.probe import wait_until
from sluice_localcluster.process import send
from sluice_localcluster.status import describe
from sluice_localcluster.up import kubectl, up

pytestmark = pytest.mark.slow
NAME = "lifecycle"
KERNEL = {name: (_ROOT / name).read_text() for name in _SETTINGS}

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "one", "labels": {"app": "one"}},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "c",
                "image": PAUSE_IMAGE,
                "resources": {"limits": {"memory": "32Mi", "nvidia.com/gpu": "1"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    },
}


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cluster beside the demo's, removed whatever happens."""
    monkeypatch.setenv("SLUICE_STATE", f"/var/tmp/sluice-{NAME}")
    yield
    down(NAME)


def driver(command: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-m", "sluice_localcluster", "--name", NAME, command]
    return subprocess.Popen(argv, env=environment, stderr=subprocess.DEVNULL)


def kill_half_way(command: str, seconds: float) -> None:
    killed = driver(command)
    time.sleep(seconds)
    killed.send_signal(signal.SIGKILL)
    killed.wait()


def assert_no_trace() -> None:
    assert marked(state_folder(NAME)) == []
    assert cgroups.containers(NAME) == []
    assert not [path for path in cgroups.hierarchies() if (path / f"sluice-{NAME}").exists()]
    assert not Path(f"/sys/class/net/{namespaces.link_name(NAME)}").exists()
    assert not state_base().exists()
    assert state_base().name not in Path("/proc/self/mountinfo").read_text()


def run_pod(cluster: Cluster) -> None:
    wait_until("the account", lambda: "default" in kubectl(cluster, "get", "sa"), 60)
    kubectl(cluster, "apply", "--filename=-", stdin=json.dumps(POD))
    kubectl(cluster, "wait", "pod/one", "--for=condition=Ready", "--timeout=60s")


def stop_holder(cluster: Cluster) -> None:
    holder: Identity = namespaces.holder(cluster.processes)
    send(holder, signal.SIGKILL)
    wait_until("its end", lambda: not is_alive(holder), 10)


def test_a_node_runs_pods_and_leaves_nothing() -> None:
    cluster = up(NAME, fake_gpus=1)
    run_pod(cluster)
    assert describe(cluster)[1]
    # The API server reaches the kubelet, so logs can be read; this Pod says nothing.
    assert kubectl(cluster, "logs", "one") == ""
    down(NAME)
    assert_no_trace()
    assert {name: (_ROOT / name).read_text() for name in _SETTINGS} == KERNEL


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.5, 3.0, 5.0])
def test_up_goes_on_after_a_kill_and_down_removes_all(seconds: float) -> None:
    kill_half_way("up", seconds)
    assert describe(up(NAME))[1]
    down(NAME)
    assert_no_trace()


@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0])
def test_down_alone_removes_what_a_killed_up_left(seconds: float) -> None:
    kill_half_way("up", seconds)
    down(NAME)
    assert_no_trace()


def test_a_killed_down_is_completed_or_undone() -> None:
    run_pod(up(NAME, fake_gpus=1))
    kill_half_way("down", 0.8)
    assert describe(up(NAME))[1]
    kill_half_way("down", 1.2)
    down(NAME)
    assert_no_trace()


def test_single_deaths_are_repaired_and_pods_live_on() -> None:
    cluster = up(NAME, fake_gpus=1)
    run_pod(cluster)
    for name in ("kubelet", "containerd", "kube-apiserver"):
        victim = cluster.processes.find(name)
        assert victim is not None
        send(victim, signal.SIGKILL)
    assert not describe(cluster)[1]
    assert describe(up(NAME))[1]
    restarts = "--output=jsonpath={.status.containerStatuses[0].restartCount}"
    assert kubectl(cluster, "get", "pod", "one", restarts) == "0"


@pytest.mark.parametrize("ending", [stop_holder, lambda cluster: stop(NAME)])
def test_data_outlive_a_whole_restart(ending) -> None:
    cluster = up(NAME, fake_gpus=1)
    kubectl(cluster, "create", "namespace", "lasting")
    ending(cluster)
    again = clusters.require(NAME)
    assert describe(up(NAME))[1]
    assert "lasting" in kubectl(again, "get", "namespaces")
    capacity = kubectl(again, "get", "nodes", "--output=jsonpath={.items[0].status.capacity}")
    assert json.loads(capacity)["nvidia.com/gpu"] == "1"
