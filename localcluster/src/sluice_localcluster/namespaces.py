"""The node's own network and file system view.

One holder process keeps a network and a mount namespace; every other process of the
node joins them. So links, firewall tables, mounts and all that the node writes below
/run, /var/lib and /var/log vanish with its last process, whoever killed it. The names
of Kubernetes' parts do not occur here.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sluice_localcluster.addresses import Addresses
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.identity import Identity
from sluice_localcluster.probe import wait_until
from sluice_localcluster.process import Processes

HOLDER = "namespaces"

# The machine's mounts stay visible and may still be unmounted there (slave); what the
# node mounts is seen by its own containers (shared) and never by the machine.
_SETUP = """
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mount --bind "$1/lib" /var/lib
mount --bind "$1/log" /var/log
exec sleep infinity
"""

_NODE_NETWORK = """
ip link set lo up
ip address replace {node}/{prefix} dev eth0
ip link set eth0 up
ip route replace {services} dev eth0
echo 1 > /proc/sys/net/ipv4/ip_forward
"""


def link_name(cluster: str) -> str:
    """Return the name of the machine's end of the wire; the kernel allows 15 characters."""
    return f"sl-{cluster}"


def hold(processes: Processes) -> None:
    """Start the process that holds the namespaces, unless it runs."""
    if processes.find(HOLDER) is not None:
        return
    private = processes.folder / "host"
    for name in ("lib", "log"):
        (private / name).mkdir(parents=True, exist_ok=True)
    argv = [
        "unshare",
        "--mount",
        "--propagation=slave",
        "--net",
        "--",
        "/bin/sh",
        "-ec",
        _SETUP,
        "sh",
        str(private),
    ]
    started = processes.start(HOLDER, argv)
    command = Path(f"/proc/{started.pid}/comm")

    def check_alive() -> None:
        if processes.find(HOLDER) is None:
            raise LocalClusterError(processes.describe_death(HOLDER))

    def is_set_up() -> bool:
        return command.exists() and command.read_text().strip() == "sleep"

    wait_until("the node's namespaces", is_set_up, 30, check_alive)


def holder(processes: Processes) -> Identity:
    """Return the process that holds the namespaces."""
    running = processes.find(HOLDER)
    if running is None:
        raise LocalClusterError("the cluster does not run; run `up` first")
    return running


def enter(member: Identity, argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command line that runs `argv` inside; the process keeps its pid."""
    return ("nsenter", "--target", str(member.pid), "--mount", "--net", "--", *argv)


def connect(cluster: str, member: Identity, addresses: Addresses) -> None:
    """Lay the wire between machine and node, with routes; what exists is kept."""
    link = link_name(cluster)
    if not Path(f"/sys/class/net/{link}").exists():
        run(["ip", "link", "add", link, "type", "veth", "peer", "eth0", "netns", str(member.pid)])
    prefix = addresses.link.prefixlen
    inside = _NODE_NETWORK.format(node=addresses.node, prefix=prefix, services=addresses.services)
    run(enter(member, ["/bin/sh", "-ec", inside]))
    run(["ip", "address", "replace", f"{addresses.host}/{prefix}", "dev", link])
    run(["ip", "link", "set", link, "up"])
    for network in (addresses.services, addresses.pods):
        run(["ip", "route", "replace", str(network), "via", addresses.node, "dev", link])


def disconnect(cluster: str) -> None:
    """Remove the wire; it also goes, a little later, with the node's last process."""
    link = link_name(cluster)
    subprocess.run(["ip", "link", "delete", link], capture_output=True, check=False)
    if Path(f"/sys/class/net/{link}").exists():
        raise LocalClusterError(f"the network link {link} cannot be removed; see `ip link`")


def networks_in_use() -> list[str]:
    """Return every IPv4 network that the machine has a route to."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]))
    found = [route["dst"] for route in routes]
    return [network for network in found if network[0].isdigit()]


def run(argv: Sequence[str]) -> str:
    """Run a command and return its output; a failure carries what it said."""
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise LocalClusterError(f"`{' '.join(argv)}` failed: {result.stderr.strip()}")
    return result.stdout
