"""The node's programs - container runtime, kubelet, proxy - as pure functions of one `Node`.

Configuration is rendered here and written by `cluster.py`. The control plane's
arguments are in `components.py`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice_localcluster.access import PROXY, node_user
from sluice_localcluster.addresses import Addresses
from sluice_localcluster.cgroups import group_name
from sluice_localcluster.components import Component, Plane

# Below the node's own /run, which is new at every start: nothing stale to trip over.
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
PAUSE_IMAGE = "localhost/sluice-pause:1"


@dataclass(frozen=True)
class Node:
    """All that the node's configuration depends on."""

    cluster: str
    plane: Plane
    addresses: Addresses
    cni_folder: Path
    snapshotter: str = "overlayfs"

    @property
    def name(self) -> str:
        """The node's name in Kubernetes."""
        return f"{self.cluster}-node"

    @property
    def config_folder(self) -> Path:
        """Where the rendered files lie."""
        return self.plane.folder / "config"


def containerd(node: Node) -> Component:
    """The container runtime; its metrics address is the only thing it answers by HTTP."""
    argv = ("containerd", f"--config={node.config_folder / 'containerd.toml'}")
    return Component("containerd", argv, f"http://{node.addresses.node}:1338/v1/metrics")


def kubelet(node: Node) -> Component:
    """The kubelet, under the user that the Node authorizer knows."""
    argv = (
        str(node.plane.binaries / "kubelet"),
        f"--kubeconfig={node.plane.kubeconfig_of(node_user(node.name))}",
        f"--config={node.config_folder / 'kubelet.json'}",
        f"--node-ip={node.addresses.node}",
        f"--hostname-override={node.name}",
    )
    return Component("kubelet", argv, f"http://{node.addresses.node}:10248/healthz")


def proxy(node: Node) -> Component:
    """The service proxy, in nftables mode."""
    argv = (
        str(node.plane.binaries / "kube-proxy"),
        f"--config={node.config_folder / 'kube-proxy.json'}",
    )
    return Component("kube-proxy", argv, f"http://{node.addresses.node}:10256/livez")


def render_files(node: Node) -> dict[str, str]:
    """Return every configuration file of the node by its name."""
    return {
        "containerd.toml": _containerd_toml(node),
        "kubelet.json": json.dumps(_kubelet(node), indent=2),
        "kube-proxy.json": json.dumps(_proxy(node), indent=2),
        "cni/10-pods.conflist": json.dumps(_pod_network(node), indent=2),
        "resolv.conf": f"nameserver {node.addresses.dns_service}\n",
    }


def _containerd_toml(node: Node) -> str:
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{node.plane.folder}/containerd"
state = "/run/containerd"
[grpc]
  address = "{CONTAINERD_SOCKET}"
[metrics]
  address = "{node.addresses.node}:1338"
[plugins."io.containerd.internal.v1.opt"]
  path = "{node.plane.folder}/containerd/opt"
[{cri}]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  [{cri}.containerd]
    snapshotter = "{node.snapshotter}"
    default_runtime_name = "runc"
    [{cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [{cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
  [{cri}.cni]
    bin_dir = "{node.cni_folder}"
    conf_dir = "{node.config_folder}/cni"
"""


def _kubelet(node: Node) -> dict[str, Any]:
    pki = node.plane.pki
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{group_name(node.cluster)}",
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,  # lowering it takes a capability that containers rarely have
        "clusterDNS": [node.addresses.dns_service],
        "clusterDomain": "cluster.local",
        "resolvConf": str(node.config_folder / "resolv.conf"),
        "healthzBindAddress": node.addresses.node,
        # Images come from no registry, so none may be collected.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
    }


def _proxy(node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": str(node.addresses.pods),
        "clientConnection": {"kubeconfig": str(node.plane.kubeconfig_of(PROXY))},
        "hostnameOverride": node.name,
        "healthzBindAddress": f"{node.addresses.node}:10256",
        "oomScoreAdj": 0,
        "conntrack": {"maxPerCore": 0, "min": 0},  # 0 leaves the machine's limits alone
    }


def _pod_network(node: Node) -> dict[str, Any]:
    """Return the Pods' network: one wire per Pod, everything between them is routed.

    On a bridge, answers between two Pods would bypass the service proxy unless the
    machine has the br_netfilter module.
    """
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": str(node.addresses.pods)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/pod-addresses",
    }
    wire = {"type": "ptp", "ipMasq": False, "ipam": addresses}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [wire]}
