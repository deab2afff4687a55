"""How the operator reaches the API server: kopf's own logins, for its watches and for our wire alike.

The official client can do the same, and costs 40 MiB and a second of imports; only the plugin, which runs on
people's machines with their clouds' credential helpers, needs what it can do beyond that.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import kopf
import urllib3

TOKEN_SECONDS = 60.0
"""The kubelet renews a projected token long before it ends."""


class Login:
    """The Pod's service account, or a kubeconfig for development."""

    def __init__(self, kubeconfig: Path | None) -> None:
        if kubeconfig is not None:
            os.environ["KUBECONFIG"] = str(kubeconfig)  # the only way to tell kopf
        self._is_pod = kubeconfig is None
        self._read_at = time.monotonic()
        self._now = self.read()

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
        return urllib3.PoolManager(maxsize=size, ssl_context=self._now.as_ssl_context())

    def headers(self) -> Mapping[str, str]:
        """Who we are."""
        if time.monotonic() - self._read_at > TOKEN_SECONDS:
            self._now, self._read_at = self.read(), time.monotonic()
        return dict(self._now.as_http_headers())


def _server(by_name: str) -> str:
    """The address from the Pod's variables, which needs no DNS."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        return by_name
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
