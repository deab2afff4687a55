"""What runs and what does not, for people and for scripts. Changes nothing."""

import os
import shlex

from sluice_localcluster import binaries, namespaces, s3
from sluice_localcluster.cluster import Cluster
from sluice_localcluster.manifests import STORAGE_NAMESPACE, STORAGE_SERVICE
from sluice_localcluster.probe import answers


def describe(cluster: Cluster) -> tuple[str, bool]:
    """Return a table of the components with the addresses, and whether all are ready."""
    rows = [_row(cluster, namespaces.HOLDER, ready=True)]
    for component in cluster.components():
        ready = answers(component.probe_url, component.ready_codes)
        rows.append(_row(cluster, component.name, ready))
    lines = [f"{name:<24} {pid:>8}  {state:<10} {log}" for name, pid, state, log in rows]
    lines += ["", *(f"{name:<24} {value}" for name, value in _addresses(cluster).items())]
    return "\n".join(lines), all(state == "ready" for _, _, state, _ in rows)


def environment(cluster: Cluster) -> dict[str, str]:
    """Return the variables with which tools on this machine reach the cluster."""
    folders = [binaries.folder_of(binaries.KUBERNETES), binaries.folder_of(binaries.HELM)]
    path = ":".join([*(str(folder) for folder in folders), os.environ.get("PATH", os.defpath)])
    storage = cluster.storage
    direct = [os.environ.get("NO_PROXY", ""), str(cluster.addresses.whole), cluster.addresses.node]
    return {
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": path,
        "NO_PROXY": ",".join(filter(None, direct)),
        **s3.client_environment(storage.endpoint, storage.secret_key),
        "SLUICE_S3_ENDPOINT_IN_CLUSTER": _storage_url(cluster),
    }


def render_environment(cluster: Cluster) -> str:
    """Return the variables as shell commands."""
    variables = environment(cluster).items()
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables)


def _row(cluster: Cluster, name: str, ready: bool) -> tuple[str, str, str, str]:
    identity = cluster.processes.find(name)
    log = str(cluster.processes.log_file(name))
    if identity is None:
        return name, "-", "stopped", log
    return name, str(identity.pid), "ready" if ready else "not ready", log


def _addresses(cluster: Cluster) -> dict[str, str]:
    addresses = cluster.addresses
    return {
        "kubeconfig": str(cluster.kubeconfig),
        "API server": cluster.plane.url,
        "audit log": str(cluster.plane.audit_log),
        "node": f"{cluster.node.name} at {addresses.node}",
        "Services": f"{addresses.services}, DNS at {addresses.dns_service}",
        "Pods": str(addresses.pods),
        "S3 from this machine": cluster.storage.endpoint,
        "S3 from Pods": _storage_url(cluster),
    }


def _storage_url(cluster: Cluster) -> str:
    return f"http://{STORAGE_SERVICE}.{STORAGE_NAMESPACE}.svc:{cluster.storage.port}"
