"""The one Secret that the operator keeps: in its own namespace, made once."""

import base64
from collections.abc import Mapping

from sluice_operator import raw
from sluice_operator.adapters.cluster.errors import NotFound
from sluice_operator.adapters.cluster.transport import Request, Transport
from sluice_operator.kinds import SECRET

_TYPE = "kubernetes.io/tls"


class Secrets:
    """Secrets of one namespace."""

    def __init__(self, transport: Transport, namespace: str) -> None:
        self._transport = transport
        self._namespace = namespace

    async def read(self, name: str) -> dict[str, bytes] | None:
        """The Secret's data, or None when there is none."""
        try:
            found = await self._transport.send(Request("GET", SECRET.path(self._namespace, name)))
        except NotFound:
            return None
        return {key: base64.b64decode(value) for key, value in raw.strings(found, "data").items()}

    async def create(self, name: str, data: Mapping[str, bytes], labels: Mapping[str, str]) -> None:
        """Make a TLS Secret. Raises AlreadyExists."""
        body = self._body(name, data, labels)
        await self._transport.send(Request("POST", SECRET.path(self._namespace), body=body))

    async def replace(self, name: str, data: Mapping[str, bytes], labels: Mapping[str, str]) -> None:
        """Write a TLS Secret anew."""
        body = self._body(name, data, labels)
        await self._transport.send(Request("PUT", SECRET.path(self._namespace, name), body=body))

    def _body(self, name: str, data: Mapping[str, bytes], labels: Mapping[str, str]) -> dict[str, object]:
        return {
            "apiVersion": SECRET.api_version,
            "kind": SECRET.kind,
            "type": _TYPE,
            "metadata": {"name": name, "namespace": self._namespace, "labels": dict(labels)},
            "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
        }
