"""The control plane's arguments."""

from dataclasses import replace
from pathlib import Path

import pytest

from sluice_localcluster import components
from sluice_localcluster.components import Component, Plane, Ports

PLANE = Plane(Path("/state"), Path("/bin"), ports=Ports(1, 2, 9, 3, 4, 5))


def options(component: Component) -> dict[str, str]:
    return dict(argument.removeprefix("--").partition("=")[::2] for argument in component.argv[1:])


def test_etcd_listens_on_loopback_only() -> None:
    listening = [value for key, value in options(components.etcd(PLANE)).items() if "url" in key]
    assert listening
    assert all(value.startswith("http://127.0.0.1:") for value in listening)


def test_the_api_server_is_secured_like_a_default_cluster() -> None:
    found = options(components.apiserver(PLANE))
    assert found["authorization-mode"] == "Node,RBAC"
    assert found["enable-admission-plugins"] == "NodeRestriction"
    assert not any(key.startswith("disable-admission") for key in found)
    assert found["secure-port"] == "3"


def test_auditing_can_be_switched_off() -> None:
    assert "audit-log-path" in options(components.apiserver(PLANE))
    assert "audit-log-path" not in options(components.apiserver(replace(PLANE, audit=False)))


def test_only_a_plane_with_a_node_calls_kubelets() -> None:
    alone = options(components.apiserver(PLANE))
    with_node = options(components.apiserver(replace(PLANE, has_node=True)))
    assert "kubelet-client-key" not in alone
    assert alone["endpoint-reconciler-type"] == "none"
    assert with_node["kubelet-client-key"] == "/state/pki/kubelet-client.key"
    assert "endpoint-reconciler-type" not in with_node


@pytest.mark.parametrize("make", [components.controller_manager, components.scheduler])
def test_controllers_use_their_own_user_and_no_lease(make) -> None:
    component = make(PLANE)
    found = options(component)
    assert component.name in found["kubeconfig"]
    assert found["leader-elect"] == "false"
    assert component.probe_url.endswith(f":{found['secure-port']}/healthz")
