"""The cluster's DNS server: CoreDNS on the node's address, behind the usual Service.

It knows the cluster's names and answers everything else with NXDOMAIN, at once: Pods
need no internet. The Service's objects are in `manifests.py`.
"""

from pathlib import Path

from sluice_localcluster.access import User
from sluice_localcluster.components import Component

DNS_USER = User("sluice:dns")


def server(binaries: Path, corefile: Path, address: str) -> Component:
    """Return the DNS server; it is ready when it has read all Services."""
    argv = (str(binaries / "coredns"), "-conf", str(corefile))
    return Component("coredns", argv, f"http://{address}:8181/ready")


def render_corefile(address: str, kubeconfig: Path) -> str:
    """Return CoreDNS's configuration."""
    return f"""cluster.local:53 in-addr.arpa:53 {{
    bind {address}
    errors
    ready {address}:8181
    cache 5
    kubernetes {{
        kubeconfig {kubeconfig}
        ttl 5
    }}
}}
.:53 {{
    bind {address}
    errors
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""
