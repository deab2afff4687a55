"""The control plane for tests: real, side by side, and gone without a trace."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice_localcluster import ControlPlane, LocalClusterError, User
from sluice_localcluster.identity import marked
from sluice_localcluster.probe import wait_until

PRIVILEGED = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "privileged"},
    "spec": {"containers": [{"name": "c", "image": "none", "securityContext": {"privileged": True}}]},
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("plane")
    with ControlPlane(folder, users=[User("alice", ("team",))]) as running:
        yield running


def test_two_planes_run_side_by_side(plane: ControlPlane, tmp_path: Path) -> None:
    with ControlPlane(tmp_path, audit=False) as other:
        other.kubectl("create", "namespace", "only-here")
        assert other.url != plane.url
        assert "only-here" not in plane.kubectl("get", "namespaces")
        assert not other.audit_log.exists()
    assert marked(tmp_path) == []
    assert plane.kubectl("get", "--raw=/readyz") == "ok"


def test_controllers_work(plane: ControlPlane) -> None:
    plane.kubectl("create", "job", "one", "--image=none", "--", "true")
    wait_until("the Job's Pod", lambda: "one-" in plane.kubectl("get", "pods"), 30)
    plane.kubectl("delete", "job", "one")


def test_users_come_by_token_and_have_no_rights(plane: ControlPlane) -> None:
    alice = plane.kubeconfig_for("alice")
    who = plane.kubectl("auth", "whoami", f"--kubeconfig={alice}", "--output=json")
    assert set(json.loads(who)["status"]["userInfo"]["groups"]) == {"team", "system:authenticated"}
    with pytest.raises(LocalClusterError, match="forbidden"):
        plane.kubectl("get", "secrets", f"--kubeconfig={alice}")


def test_a_service_account_gets_a_token(plane: ControlPlane) -> None:
    token = plane.service_account_token("default", "default")
    account = plane.kubeconfig_for("account", token)
    who = plane.kubectl("auth", "whoami", f"--kubeconfig={account}", "--output=json")
    name = json.loads(who)["status"]["userInfo"]["username"]
    assert name == "system:serviceaccount:default:default"


def test_pod_security_admission_is_on(plane: ControlPlane) -> None:
    plane.kubectl("create", "namespace", "strict")
    plane.kubectl("label", "namespace", "strict", "pod-security.kubernetes.io/enforce=restricted")
    with pytest.raises(LocalClusterError, match="violates PodSecurity"):
        plane.kubectl("apply", "--namespace=strict", "-f", "-", input=json.dumps(PRIVILEGED))


def test_validating_admission_policies_are_on(plane: ControlPlane) -> None:
    kinds = plane.kubectl("api-resources", "--api-group=admissionregistration.k8s.io")
    assert "validatingadmissionpolicies" in kinds


def test_the_audit_log_holds_changes_and_no_reads(plane: ControlPlane) -> None:
    plane.kubectl("create", "configmap", "audited", "--from-literal=a=b")
    plane.kubectl("get", "configmap", "audited")
    lines = [json.loads(line) for line in plane.audit_log.read_text().splitlines()]
    mine = [line["verb"] for line in lines if line.get("objectRef", {}).get("name") == "audited"]
    assert mine == ["create"]
    assert not {line["verb"] for line in lines} & {"get", "list", "watch"}


def test_the_api_server_comes_back_with_its_data(plane: ControlPlane) -> None:
    plane.kubectl("create", "namespace", "lasting")
    url = plane.url
    token = plane.add_user_token("late", ["team"])
    assert plane.url == url
    assert "lasting" in plane.kubectl("get", "namespaces")
    who = plane.kubectl("auth", "whoami", f"--kubeconfig={plane.kubeconfig_for('late', token)}")
    assert "late" in who


def test_a_killed_driver_leaves_nothing_after_stop(tmp_path: Path) -> None:
    program = f"from sluice_localcluster import ControlPlane; ControlPlane({str(tmp_path)!r}).start()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    driver = subprocess.Popen([sys.executable, "-c", program], env=environment)
    wait_until("the API server's process", lambda: len(marked(tmp_path)) >= 2, 60)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert marked(tmp_path)
    ControlPlane(tmp_path).stop()
    assert marked(tmp_path) == []
    assert not (tmp_path / "etcd").exists()
