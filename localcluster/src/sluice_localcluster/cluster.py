"""One cluster as a value: its settings, and everything that follows from them.

Nothing is started or stopped here; `up.py`, `down.py` and `status.py` do that.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from sluice_localcluster import binaries, components, dns, node, s3
from sluice_localcluster.access import load_secret
from sluice_localcluster.addresses import Addresses
from sluice_localcluster.components import Component, Plane
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.node import Node
from sluice_localcluster.paths import state_base, state_folder
from sluice_localcluster.process import Processes
from sluice_localcluster.s3 import S3Settings

DEFAULT_NAME = "sluice"
# The name is part of a network link's name, for which the kernel has 15 characters.
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?")


@dataclass(frozen=True)
class Settings:
    """What was decided by the first `up`, and is kept until another `up` says otherwise."""

    name: str
    slot: int
    cni_folder: str
    snapshotter: str
    fake_gpus: int = 0


@dataclass(frozen=True)
class Cluster:
    """A cluster with all that its settings imply."""

    settings: Settings

    @property
    def folder(self) -> Path:
        """Where all its data lie."""
        return state_folder(self.settings.name)

    @cached_property
    def processes(self) -> Processes:
        """Its processes."""
        return Processes(self.folder)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, good on the machine and on the node."""
        return self.folder / "kubeconfig"

    @cached_property
    def addresses(self) -> Addresses:
        """Its networks."""
        return Addresses(self.settings.slot)

    @cached_property
    def plane(self) -> Plane:
        """Its control plane."""
        return Plane(
            self.folder,
            binaries.folder_of(binaries.KUBERNETES),
            address=self.addresses.node,
            service_cidr=str(self.addresses.services),
            has_node=True,
        )

    @cached_property
    def node(self) -> Node:
        """Its node."""
        cni_folder = Path(self.settings.cni_folder)
        return Node(self.settings.name, self.plane, self.addresses, cni_folder, self.settings.snapshotter)

    @cached_property
    def storage(self) -> S3Settings:
        """Its S3 server."""
        secret = load_secret(self.folder / "s3-secret").hex()
        folder = binaries.folder_of(binaries.S3_SERVER)
        return S3Settings(self.folder, folder, secret, address=self.addresses.node)

    def dns(self) -> Component:
        """Return its DNS server."""
        corefile = self.node.config_folder / "Corefile"
        return dns.server(binaries.folder_of(binaries.COREDNS), corefile, self.addresses.node)

    def components(self) -> tuple[Component, ...]:
        """Return all components in the order in which they start."""
        return (
            components.etcd(self.plane),
            components.apiserver(self.plane),
            components.controller_manager(self.plane),
            components.scheduler(self.plane),
            s3.server(self.storage),
            self.dns(),
            node.containerd(self.node),
            node.kubelet(self.node),
            node.proxy(self.node),
        )

    def config_files(self) -> dict[str, str]:
        """Return the node's configuration files by name."""
        kubeconfig = self.plane.kubeconfig_of(dns.DNS_USER)
        corefile = dns.render_corefile(self.addresses.node, kubeconfig)
        return {**node.render_files(self.node), "Corefile": corefile}

    def fingerprint(self) -> str:
        """Return a hash of every program, argument and configuration file."""
        whole = repr((self.components(), sorted(self.config_files().items())))
        return hashlib.sha256(whole.encode()).hexdigest()


def check_name(name: str) -> str:
    """Return the cluster's name, or say what a name looks like."""
    if not _NAME.fullmatch(name):
        raise LocalClusterError(
            f"the cluster name {name!r} is not allowed: at most 12 lower-case letters, digits "
            "and inner dashes, beginning with a letter"
        )
    return name


def load(name: str) -> Cluster | None:
    """Return the cluster of that name, or None if there is none."""
    path = state_folder(check_name(name)) / "settings.json"
    try:
        return Cluster(Settings(**json.loads(path.read_text())))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise LocalClusterError(f"{path} belongs to root: run this with sudo") from error


def require(name: str) -> Cluster:
    """Return the cluster of that name, or say how to make it."""
    found = load(name)
    if found is None:
        raise LocalClusterError(
            f"there is no cluster {name!r} below {state_folder(name).parent}; run `up` first"
        )
    return found


def every_settings() -> list[Settings]:
    """Return the settings of all clusters on this machine."""
    found = sorted(state_base().glob("*/settings.json"))
    return [Settings(**json.loads(path.read_text())) for path in found]


def save(settings: Settings) -> Cluster:
    """Write the settings of a cluster."""
    path = state_folder(settings.name) / "settings.json"
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(settings), indent=2))
    new.replace(path)
    return Cluster(settings)
