"""The control plane's programs and their arguments, as pure functions of one `Plane`.

What is started when, and waiting, belongs to the callers; what only a node needs is in
`node.py`.
"""

from dataclasses import dataclass, field
from pathlib import Path

from sluice_localcluster.access import CONTROLLER_MANAGER, SCHEDULER, User

# A change is worth a record, reading is not: tests of idle writes count the lines.
AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  verbs: [get, list, watch]
- level: Metadata
"""


@dataclass(frozen=True)
class Component:
    """One program: its name, how it is started, and the address that says it is ready."""

    name: str
    argv: tuple[str, ...]
    probe_url: str
    ready_codes: tuple[int, ...] = (200,)
    extra_env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ports:
    """Where the control plane listens."""

    etcd: int = 2379
    etcd_peer: int = 2380
    etcd_metrics: int = 2381
    apiserver: int = 6443
    controller_manager: int = 10257
    scheduler: int = 10259


@dataclass(frozen=True)
class Plane:
    """All that the control plane's arguments depend on."""

    folder: Path
    binaries: Path
    address: str = "127.0.0.1"
    service_cidr: str = "10.96.0.0/16"
    ports: Ports = field(default_factory=Ports)
    audit: bool = True
    has_node: bool = False

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"https://{self.address}:{self.ports.apiserver}"

    @property
    def pki(self) -> Path:
        """The folder of keys and certificates."""
        return self.folder / "pki"

    @property
    def audit_log(self) -> Path:
        """The file that the API server writes one JSON line per change to."""
        return self.folder / "audit.log"

    def kubeconfig_of(self, user: User) -> Path:
        """Return the kubeconfig with which a component shows itself as `user`."""
        return self.folder / "kubeconfigs" / user.name.replace(":", "-")


def etcd(plane: Plane) -> Component:
    """The store; it may lose data in a power cut, which a throw-away cluster can afford."""
    client = f"http://127.0.0.1:{plane.ports.etcd}"
    peer = f"http://127.0.0.1:{plane.ports.etcd_peer}"
    # Whoever reaches the store is administrator, so only its health leaves loopback.
    metrics = f"http://{plane.address}:{plane.ports.etcd_metrics}"
    argv = (
        str(plane.binaries / "etcd"),
        f"--data-dir={plane.folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        f"--listen-metrics-urls={metrics}",
        "--log-level=warn",
    )
    return Component("etcd", argv, f"{metrics}/health")


def apiserver(plane: Plane) -> Component:
    """The API server, with the admission plugins of a default cluster and those that close well-known holes.

    A cluster with a node has traffic, so no Service there may claim addresses; a plane for tests leaves
    that to the policies that are tested on it.
    """
    pki = plane.pki
    plugins = "NodeRestriction,DenyServiceExternalIPs" if plane.has_node else "NodeRestriction"
    argv = [
        str(plane.binaries / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{plane.ports.etcd}",
        f"--bind-address={plane.address}",
        f"--advertise-address={plane.address}",
        f"--secure-port={plane.ports.apiserver}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--token-auth-file={plane.folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        f"--enable-admission-plugins={plugins}",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'service-accounts.key'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        f"--service-cluster-ip-range={plane.service_cidr}",
        "--profiling=false",
    ]
    if plane.audit:
        argv.append(f"--audit-policy-file={plane.folder / 'audit-policy.yaml'}")
        argv.append(f"--audit-log-path={plane.audit_log}")
    argv += _node_access(plane) if plane.has_node else ["--endpoint-reconciler-type=none"]
    return Component("kube-apiserver", tuple(argv), f"{plane.url}/readyz")


def controller_manager(plane: Plane) -> Component:
    """All default controllers, each under its own service account."""
    argv = (
        str(plane.binaries / "kube-controller-manager"),
        *_client_arguments(plane, CONTROLLER_MANAGER, plane.ports.controller_manager),
        f"--service-account-private-key-file={plane.pki / 'service-accounts.key'}",
        f"--root-ca-file={plane.pki / 'ca.crt'}",
        "--use-service-account-credentials",
        # One account per controller is made at the start; the default rates take seconds.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    )
    url = f"https://{plane.address}:{plane.ports.controller_manager}/healthz"
    return Component("kube-controller-manager", argv, url)


def scheduler(plane: Plane) -> Component:
    """The default scheduler."""
    argv = (
        str(plane.binaries / "kube-scheduler"),
        *_client_arguments(plane, SCHEDULER, plane.ports.scheduler),
    )
    url = f"https://{plane.address}:{plane.ports.scheduler}/healthz"
    return Component("kube-scheduler", argv, url)


def _client_arguments(plane: Plane, user: User, port: int) -> tuple[str, ...]:
    kubeconfig = plane.kubeconfig_of(user)
    return (
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--leader-elect=false",
        f"--bind-address={plane.address}",
        f"--secure-port={port}",
        "--profiling=false",
    )


def _node_access(plane: Plane) -> list[str]:
    """Return what `kubectl logs` and `exec` need: the API server calls the kubelet."""
    return [
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={plane.pki / 'ca.crt'}",
        f"--kubelet-client-certificate={plane.pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={plane.pki / 'kubelet-client.key'}",
    ]
