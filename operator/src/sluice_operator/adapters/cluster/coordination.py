"""Leases: read, create, and replace guarded by resourceVersion. Who may hold one is decided in `lease.py`."""

from collections.abc import Mapping
from typing import Any

from sluice_operator.adapters.cluster.transport import Request, Transport
from sluice_operator.kinds import LEASE


class Leases:
    """The Lease of this operator."""

    def __init__(self, transport: Transport, namespace: str, name: str) -> None:
        self._transport = transport
        self._collection = LEASE.path(namespace)
        self._path = LEASE.path(namespace, name)
        self._meta = {"name": name, "namespace": namespace}

    async def read(self) -> dict[str, Any]:
        """The Lease. Raises NotFound."""
        return await self._transport.send(Request("GET", self._path))

    async def create(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Make the Lease. Raises AlreadyExists."""
        return await self._transport.send(Request("POST", self._collection, body=self._body(spec)))

    async def replace(self, spec: Mapping[str, Any], version: str) -> dict[str, Any]:
        """Write the Lease as it was at `version`. Raises Conflict when somebody else wrote."""
        body = self._body(spec)
        body["metadata"] = {**self._meta, "resourceVersion": version}
        return await self._transport.send(Request("PUT", self._path, body=body))

    def _body(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": dict(self._meta),
            "spec": dict(spec),
        }
