"""How the operator reaches the API server: kopf's own logins, for its watches and for our wire alike.

The official client can do the same, and costs 40 MiB and a second of imports; only the plugin, which runs on
people's machines with their clouds' credential helpers, needs what it can do beyond that.
"""

import logging
import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import kopf
import urllib3

from sluice_operator.handlers import events

LOG = logging.getLogger(__name__)
TOKEN_SECONDS = 60.0
"""The kubelet renews a projected token, and the authority beside it, long before the old ones end."""


class Login:
    """The Pod's service account, or a kubeconfig for development."""

    def __init__(self, kubeconfig: Path | None) -> None:
        if kubeconfig is not None:
            os.environ["KUBECONFIG"] = str(kubeconfig)  # the only way to tell kopf
        self._is_pod = kubeconfig is None
        self._read_at = time.monotonic()
        self._now = self.read()
        self.context = self._now.as_ssl_context()
        """Shared by all connections. Authorities are only added to it: an old one leaves with the process."""
        self._trusted = _authority(self._now)

    def read(self) -> kopf.ConnectionInfo:
        """The connection as it is now. Raises LoginError when there is none."""
        read = kopf.login_with_service_account if self._is_pod else kopf.login_with_kubeconfig
        found = read(settings=kopf.OperatorSettings())
        if found is None:
            raise kopf.LoginError("no service account is mounted; outside of a Pod give --kubeconfig")
        return replace(found, server=_server(found.server)) if self._is_pod else found

    @property
    def server(self) -> str:
        """Address of the API server."""
        return str(self._now.server)

    def pool(self, size: int) -> urllib3.PoolManager:
        """Connections of which so many are kept."""
        return urllib3.PoolManager(maxsize=size, ssl_context=self.context)

    def session(self, listed: Callable[[str], None]) -> kopf.AiohttpSession:
        """kopf's connections; `listed` is called with the path of each list."""
        return events.session(self.read(), self.context, listed)

    def headers(self) -> Mapping[str, str]:
        """Who we are."""
        if time.monotonic() - self._read_at > TOKEN_SECONDS:
            self._now, self._read_at = self.read(), time.monotonic()
            self._trust(_authority(self._now))
        return dict(self._now.as_http_headers())

    def _trust(self, authority: str) -> None:
        """Trust another authority of the cluster; a standby, which asks for the Lease, does so too."""
        if authority in ("", self._trusted):
            return
        try:
            self.context.load_verify_locations(cadata=authority)
        except ssl.SSLError as error:
            LOG.warning("the cluster's new authority cannot be read", extra={"error": str(error)})
            return
        LOG.info("the cluster has another authority; it is trusted from now on")
        self._trusted = authority


def _authority(info: kopf.ConnectionInfo) -> str:
    """PEM of the authority in the Pod's files; empty for a kubeconfig, which a person reads anew."""
    return Path(os.fsdecode(info.ca_path)).read_text() if info.ca_path else ""


def _server(by_name: str) -> str:
    """The address from the Pod's variables, which needs no DNS."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        return by_name
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
