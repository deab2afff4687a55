"""Which addresses a download may reach: public ones, and those of hosts that the storage profile names.

A name is resolved once for each connection, and the connection goes to an address that was looked at: a name
that resolves to something else the second time leads nowhere. Numbers in any notation (`127.1`, `0x7f000001`,
`2130706433`) are resolved like names, so that only the address counts.

Own code, because `ipaddress` knows the registries of special addresses, and the packages for this wrap HTTP
clients that the image does not hold.
"""

import http.client
import socket
import ssl
import urllib.request
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
_NAT64: Final = IPv6Network("64:ff9b::/96")
_EMBEDDING: Final = (
    IPv6Network("::/96"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("fec0::/10"),
)
"""Special ranges of IPv6 that not every release of Python calls private."""
_METADATA: Final = (IPv4Network("168.63.129.16/32"), IPv4Network("192.88.99.0/24"))
"""Addresses that look public and are none: a cloud's platform services, and relays of 6to4."""


class NotPublic(Exception):
    """A name resolves to an address that is not public."""


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet may reach the address, and the IPv4 address that it embeds."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in n for n in _METADATA)
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and not any(address in n for n in _EMBEDDING)


def addresses(host: str, port: int, allowed: frozenset[str]) -> tuple[str, ...]:
    """Addresses of a host, all of which may be reached.

    Raises NotPublic, or OSError when the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    texts = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if host.lower() not in allowed and not all(is_public(ip_address(t.partition("%")[0])) for t in texts):
        raise NotPublic(host)
    return texts


def connect(host: str, port: int, timeout: float | None, allowed: frozenset[str]) -> socket.socket:
    """A connection to the first address that answers. Raises NotPublic or OSError."""
    trouble: OSError = ConnectionError(f"{host} has no address")
    for address in addresses(host, port, allowed):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            trouble = error
    raise trouble


class _Connection(http.client.HTTPSConnection):
    """A connection whose address was looked at; certificate and name are checked as ever."""

    def __init__(self, host: str, *, allowed: frozenset[str], tls: ssl.SSLContext, timeout: float) -> None:
        super().__init__(host, timeout=timeout, context=tls)
        self._allowed = allowed
        self._tls = tls

    def connect(self) -> None:
        """Connect, then shake hands with the name."""
        plain = connect(self.host, self.port, self.timeout, self._allowed)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


class PublicOnly(urllib.request.HTTPSHandler):
    """Opens https where it may. Names that only a proxy can resolve are the proxy's to judge."""

    def __init__(self, allowed: frozenset[str]) -> None:
        super().__init__()
        self._allowed = allowed

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open, or raise NotPublic."""
        tls = ssl.create_default_context()
        if req.host == urlsplit(req.full_url).netloc:
            opened = partial(_Connection, allowed=self._allowed, tls=tls)
            return self.do_open(opened, req)
        self._look_at(req.full_url)
        return self.do_open(http.client.HTTPSConnection, req, context=tls)

    def _look_at(self, url: str) -> None:
        target = urlsplit(url)
        try:
            addresses(target.hostname or "", target.port or 443, self._allowed)
        except OSError:
            return
