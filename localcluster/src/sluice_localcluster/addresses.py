"""The networks of one cluster, as pure arithmetic.

They come out of 198.18.0.0/15, which is set apart for network tests and so collides
neither with a home or company network nor with Docker. Each cluster takes one slot of
4096 addresses, so several fit on one machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from sluice_localcluster.errors import LocalClusterError

_ALL = IPv4Network("198.18.0.0/15")
_SLOTS = tuple(_ALL.subnets(new_prefix=20))


@dataclass(frozen=True)
class Addresses:
    """All addresses of the cluster in one slot."""

    slot: int

    @property
    def whole(self) -> IPv4Network:
        """Everything below."""
        return _SLOTS[self.slot]

    @property
    def services(self) -> IPv4Network:
        """The ClusterIPs."""
        return _part(self.slot, 21, 0)

    @property
    def pods(self) -> IPv4Network:
        """The Pods."""
        return _part(self.slot, 22, 2)

    @property
    def link(self) -> IPv4Network:
        """The wire between the machine and the node."""
        return _part(self.slot, 30, 3 * 256)

    @property
    def host(self) -> str:
        """The machine's end of the wire."""
        return str(self.link[1])

    @property
    def node(self) -> str:
        """The node's end of the wire; every server of the cluster listens there."""
        return str(self.link[2])

    @property
    def api_service(self) -> str:
        """The ClusterIP of `kubernetes.default`; the API server takes the first."""
        return str(self.services[1])

    @property
    def dns_service(self) -> str:
        """The ClusterIP that Pods ask for names."""
        return str(self.services[10])


def choose_slot(used: Iterable[str]) -> int:
    """Return the first slot that overlaps none of the machine's networks."""
    networks = [IPv4Network(text, strict=False) for text in used]
    for slot, network in enumerate(_SLOTS):
        if not any(network.overlaps(other) for other in networks):
            return slot
    raise LocalClusterError(
        f"all of {_ALL} is in use on this machine (see `ip route`); stop a cluster with `down`"
    )


def _part(slot: int, prefix: int, index: int) -> IPv4Network:
    size = 1 << (32 - prefix)
    return IPv4Network((int(_SLOTS[slot].network_address) + index * size, prefix))
