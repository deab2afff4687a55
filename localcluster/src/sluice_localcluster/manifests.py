"""The Kubernetes objects that make the node's own servers reachable by name.

Pure data; `cluster.py` applies it.
"""

import json
from typing import Any

from sluice_localcluster.dns import DNS_USER

STORAGE_NAMESPACE = "sluice-storage"
STORAGE_SERVICE = "s3"

_DNS_RIGHTS = [
    {
        "apiGroups": [""],
        "resources": ["endpoints", "namespaces", "pods", "services"],
        "verbs": ["list", "watch"],
    },
    {
        "apiGroups": ["discovery.k8s.io"],
        "resources": ["endpointslices"],
        "verbs": ["list", "watch"],
    },
]


def render(node_address: str, dns_address: str, storage_port: int) -> str:
    """Return all objects as one list that kubectl applies."""
    dns_ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    storage_ports = [{"name": "s3", "port": storage_port, "protocol": "TCP"}]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STORAGE_NAMESPACE}}
    items = [
        *_dns_rights(),
        *_service("kube-system", "kube-dns", node_address, dns_ports, dns_address),
        namespace,
        *_service(STORAGE_NAMESPACE, STORAGE_SERVICE, node_address, storage_ports),
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def _dns_rights() -> list[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    metadata = {"name": DNS_USER.name}
    role = {"apiGroup": group, "kind": "ClusterRole", "name": DNS_USER.name}
    subject = {"apiGroup": group, "kind": "User", "name": DNS_USER.name}
    api = {"apiVersion": f"{group}/v1", "metadata": metadata}
    return [
        {**api, "kind": "ClusterRole", "rules": _DNS_RIGHTS},
        {**api, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject]},
    ]


def _service(
    namespace: str,
    name: str,
    address: str,
    ports: list[dict[str, Any]],
    cluster_ip: str | None = None,
) -> list[dict[str, Any]]:
    """Return a Service without selector, and the slice that points it at the node."""
    spec = {"ports": ports, **({"clusterIP": cluster_ip} if cluster_ip else {})}
    metadata = {"name": name, "namespace": namespace}
    labels = {
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": "sluice-localcluster",
    }
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": labels},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": ports,
        },
    ]
