"""The node's configuration."""

import json
import tomllib
from pathlib import Path

import pytest

from sluice_localcluster import dns, manifests
from sluice_localcluster.addresses import Addresses
from sluice_localcluster.components import Plane
from sluice_localcluster.node import CONTAINERD_SOCKET, PAUSE_IMAGE, Node, kubelet, render_files

ADDRESSES = Addresses(0)
PLANE = Plane(Path("/state"), Path("/bin"), address=ADDRESSES.node, has_node=True)
NODE = Node("demo", PLANE, ADDRESSES, Path("/usr/lib/cni"), "native")


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return render_files(NODE)


def test_the_runtime_uses_our_sandbox_image_and_snapshotter(files: dict[str, str]) -> None:
    config = tomllib.loads(files["containerd.toml"])
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["sandbox_image"] == PAUSE_IMAGE
    assert cri["containerd"]["snapshotter"] == "native"
    assert config["root"] == "/state/containerd"
    assert config["grpc"]["address"] == CONTAINERD_SOCKET


def test_the_kubelet_trusts_only_our_authority(files: dict[str, str]) -> None:
    config = json.loads(files["kubelet.json"])
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authentication"]["x509"] == {"clientCAFile": "/state/pki/ca.crt"}
    assert config["authorization"] == {"mode": "Webhook"}


def test_all_containers_run_below_the_clusters_own_group(files: dict[str, str]) -> None:
    assert json.loads(files["kubelet.json"])["cgroupRoot"] == "/sluice-demo"


def test_pods_ask_the_clusters_dns_and_nobody_else(files: dict[str, str]) -> None:
    assert json.loads(files["kubelet.json"])["clusterDNS"] == [ADDRESSES.dns_service]
    assert files["resolv.conf"] == f"nameserver {ADDRESSES.dns_service}\n"


def test_pods_and_proxy_agree_on_the_network(files: dict[str, str]) -> None:
    wire = json.loads(files["cni/10-pods.conflist"])["plugins"][0]
    assert wire["ipam"]["ranges"] == [[{"subnet": str(ADDRESSES.pods)}]]
    assert json.loads(files["kube-proxy.json"])["clusterCIDR"] == str(ADDRESSES.pods)


def test_the_kubelet_is_the_node_that_its_user_names() -> None:
    arguments = kubelet(NODE).argv
    assert "--hostname-override=demo-node" in arguments
    assert any(argument.endswith("/system-node-demo-node") for argument in arguments)


def test_names_outside_the_cluster_end_at_once() -> None:
    corefile = dns.render_corefile(ADDRESSES.node, Path("/state/kubeconfigs/dns"))
    assert "kubeconfig /state/kubeconfigs/dns" in corefile
    assert "rcode NXDOMAIN" in corefile
    assert "forward" not in corefile


def test_servers_of_the_node_are_services_with_its_address() -> None:
    items = json.loads(manifests.render("192.0.2.1", "192.0.2.10", 7070))["items"]
    slices = [item for item in items if item["kind"] == "EndpointSlice"]
    services = {item["metadata"]["name"]: item for item in items if item["kind"] == "Service"}
    assert {one["metadata"]["labels"]["kubernetes.io/service-name"] for one in slices} == set(services)
    assert all(one["endpoints"][0]["addresses"] == ["192.0.2.1"] for one in slices)
    assert services["kube-dns"]["spec"]["clusterIP"] == "192.0.2.10"
    assert services["s3"]["spec"]["ports"][0]["port"] == 7070


def test_the_dns_server_may_read_and_nothing_else() -> None:
    items = json.loads(manifests.render("192.0.2.1", "192.0.2.10", 7070))["items"]
    rules = next(item["rules"] for item in items if item["kind"] == "ClusterRole")
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list", "watch"}
    assert "secrets" not in {name for rule in rules for name in rule["resources"]}
