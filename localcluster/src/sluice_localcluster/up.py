"""Making a cluster, or completing and repairing one.

Each step looks at what is there and does only what is missing, so `up` may be killed
anywhere and run again. Taking things away is `down.py`'s.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from sluice_localcluster import (
    binaries,
    cgroups,
    components,
    dns,
    images,
    kernel,
    manifests,
    namespaces,
    node,
    packages,
    paths,
    s3,
    snapshots,
)
from sluice_localcluster import cluster as clusters
from sluice_localcluster.access import PROXY, node_user
from sluice_localcluster.addresses import Addresses, choose_slot
from sluice_localcluster.cluster import Cluster, Settings
from sluice_localcluster.components import Component
from sluice_localcluster.down import stop
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.kubectl import run_kubectl
from sluice_localcluster.lock import exclusive_folder
from sluice_localcluster.pki import Authority, CertificateRequest
from sluice_localcluster.planefiles import write_plane_files
from sluice_localcluster.probe import answers, wait_until
from sluice_localcluster.progress import say
from sluice_localcluster.startup import READY_SECONDS, wait_ready

GPU = "nvidia.com/gpu"


def up(name: str, fake_gpus: int | None = None) -> Cluster:
    """Return a cluster in which everything is ready; `None` keeps the GPUs it pretends."""
    clusters.check_name(name)
    _require_root()
    paths.refuse_hidden(paths.state_folder(name))
    packages.ensure(packages.NODE)
    for program in binaries.ALL:
        binaries.ensure(program)
    with exclusive_folder(paths.state_base(), "waiting for another `up` or `down`"):
        cluster = _settle(name, fake_gpus)
        _prepare(cluster)
        _start(cluster)
        _advertise_gpus(cluster)
    return cluster


def _require_root() -> None:
    if not sys.platform.startswith("linux"):
        raise LocalClusterError(f"a node needs Linux; this is {sys.platform}")
    if os.geteuid() != 0:
        raise LocalClusterError(
            "a node needs root (namespaces, containers); run this with `sudo --preserve-env=PATH`"
        )


def _settle(name: str, fake_gpus: int | None) -> Cluster:
    """Return the existing cluster, or decide the settings of a new one."""
    paths.own_folder(paths.state_base())
    folder = paths.own_folder(paths.state_folder(name))
    existing = clusters.load(name)
    settings = existing.settings if existing else _new_settings(name, folder)
    gpus = settings.fake_gpus if fake_gpus is None else fake_gpus
    return clusters.save(replace(settings, fake_gpus=gpus))


def _new_settings(name: str, folder: Path) -> Settings:
    plugin = packages.find("ptp")
    assert plugin is not None, "packages.ensure has found it"
    taken = [str(Addresses(other.slot).whole) for other in clusters.every_settings()]
    slot = choose_slot([*namespaces.networks_in_use(), *taken])
    snapshotter = snapshots.choose(folder)
    return Settings(name, slot, str(plugin.parent), snapshotter)


def _prepare(cluster: Cluster) -> None:
    """Bring everything up to date that processes expect to find; stop what no longer fits."""
    stamp = cluster.folder / "fingerprint"
    fingerprint = cluster.fingerprint()
    fits = stamp.exists() and stamp.read_text() == fingerprint
    processes = cluster.processes
    is_whole = processes.find(namespaces.HOLDER) is not None and not processes.was_interrupted()
    if not (fits and is_whole):
        stop(cluster.settings.name)
    kernel.remember(paths.state_base() / "kernel-settings.json")
    cgroups.create(cluster.settings.name)
    _write_files(cluster)
    s3.make_folders(cluster.storage)
    stamp.write_text(fingerprint)


def _write_files(cluster: Cluster) -> None:
    plane, address = cluster.plane, cluster.addresses.node
    users = (node_user(cluster.node.name), PROXY, dns.DNS_USER)
    write_plane_files(plane, users, (address, cluster.addresses.api_service))
    kubelet = CertificateRequest(cluster.node.name, "", (cluster.node.name,), (address,))
    Authority(plane.pki).issue("kubelet", kubelet)
    for name, text in cluster.config_files().items():
        path = cluster.node.config_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _start(cluster: Cluster) -> None:
    namespaces.hold(cluster.processes)
    namespaces.connect(cluster.settings.name, namespaces.holder(cluster.processes), cluster.addresses)
    plane = cluster.plane
    _run(cluster, components.etcd(plane))
    _run(cluster, components.apiserver(plane))
    kubectl(cluster, "apply", "--server-side", "--filename=-", stdin=_objects(cluster))
    _run(
        cluster,
        components.controller_manager(plane),
        components.scheduler(plane),
        s3.server(cluster.storage),
        cluster.dns(),
        node.containerd(cluster.node),
    )
    images.load_pause(cluster)
    _run(cluster, node.kubelet(cluster.node), node.proxy(cluster.node))
    wait_until("the node", lambda: _node_is_ready(cluster), READY_SECONDS)
    wait_until("the services' network", lambda: _service_answers(cluster), READY_SECONDS)


def _objects(cluster: Cluster) -> str:
    addresses = cluster.addresses
    return manifests.render(addresses.node, addresses.dns_service, cluster.storage.port)


def _run(cluster: Cluster, *group: Component) -> None:
    """Start what does not run of a group, then wait for all of it."""
    processes = cluster.processes
    holder = namespaces.holder(processes)
    environment = {"PATH": packages.search_path()}
    for component in group:
        if processes.find(component.name) is None:
            argv = namespaces.enter(holder, component.argv)
            processes.start(component.name, argv, {**component.extra_env, **environment})
    for component in group:
        wait_ready(processes, component)
        say(f"{component.name} is ready")


def kubectl(cluster: Cluster, *arguments: str, stdin: str = "") -> str:
    """Run kubectl as administrator and return its output."""
    return run_kubectl(cluster.plane.binaries, cluster.kubeconfig, arguments, stdin)


def _node_is_ready(cluster: Cluster) -> bool:
    template = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    found = kubectl(cluster, "get", "node", cluster.node.name, "--ignore-not-found", f"--output={template}")
    return found == "True"


def _service_answers(cluster: Cluster) -> bool:
    """Whether the machine reaches the S3 server through its Service: proxy and routes work."""
    address = kubectl(
        cluster,
        *("get", "service", manifests.STORAGE_SERVICE),
        f"--namespace={manifests.STORAGE_NAMESPACE}",
        "--output=jsonpath={.spec.clusterIP}",
    )
    return answers(f"http://{address}:{cluster.storage.port}/health")


def _advertise_gpus(cluster: Cluster) -> None:
    """Let the scheduler count GPUs that are not there; kubelets keep what they do not know."""
    amount = {GPU: str(cluster.settings.fake_gpus)}
    patch = json.dumps({"status": {"capacity": amount, "allocatable": amount}})
    name = cluster.node.name
    kubectl(cluster, "patch", "node", name, "--subresource=status", "--type=merge", f"--patch={patch}")
    say(f"the node advertises {amount[GPU]} x {GPU}")
