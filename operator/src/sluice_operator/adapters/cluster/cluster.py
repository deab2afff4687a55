"""What the operator does with the cluster: list, read, create, apply, patch, delete, write status.

Plain JSON in and out; one method per verb. Which write is right is decided elsewhere.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice_api.meta import FIELD_MANAGER
from sluice_operator.adapters.cluster.errors import NotFound
from sluice_operator.adapters.cluster.transport import APPLY_PATCH, MERGE_PATCH, Request, Transport
from sluice_operator.kinds import EVENT, SELECTORS, WATCHED, Kind, KindPath, path_of

Json = Mapping[str, Any]
PAGE = 500
_MANAGER = (("fieldManager", FIELD_MANAGER),)


@dataclass(frozen=True)
class Listed:
    """One page of a list; every page carries the version of the whole list."""

    resource_version: str
    items: tuple[dict[str, Any], ...] = field(repr=False)


class Cluster:
    """The API server, as far as the operator needs it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list_pages(
        self, kind: Kind, namespace: str | None, labels: str | None = None
    ) -> AsyncIterator[Listed]:
        """All objects of a kind in pages: what is watched, or `labels`; in one or all namespaces."""
        selector = labels or SELECTORS.get(kind, "")
        query = [("limit", str(PAGE)), *([("labelSelector", selector)] if selector else ())]
        proceed = ""
        while True:
            more = [("continue", proceed)] if proceed else []
            data = await self._send("GET", WATCHED[kind].path(namespace), query=(*query, *more))
            meta = data.get("metadata") or {}
            yield Listed(str(meta.get("resourceVersion", "")), tuple(data.get("items") or ()))
            proceed = str(meta.get("continue") or "")
            if not proceed:
                return

    async def get(self, path: KindPath, namespace: str, name: str) -> dict[str, Any]:
        """One object, read from the store and from no cache."""
        return await self._send("GET", path.path(namespace, name))

    async def warnings_about(self, namespace: str, uid: str) -> tuple[dict[str, Any], ...]:
        """Events that warn about an object, in no order."""
        query = (("fieldSelector", f"regarding.uid={uid},type=Warning"), ("limit", str(PAGE)))
        data = await self._send("GET", EVENT.path(namespace), query=query)
        return tuple(data.get("items") or ())

    async def create(self, manifest: Json) -> dict[str, Any]:
        """Create an object. Raises AlreadyExists."""
        path = path_of(manifest).path(manifest["metadata"]["namespace"])
        return await self._write("POST", path, manifest, query=_MANAGER)

    async def apply(self, manifest: Json) -> dict[str, Any]:
        """Server-side apply with our field manager; fields of ours that others took are taken back."""
        meta = manifest["metadata"]
        path = path_of(manifest).path(meta["namespace"], meta["name"])
        return await self._write("PATCH", path, manifest, APPLY_PATCH, (*_MANAGER, ("force", "true")))

    async def patch(self, kind: Kind, namespace: str, name: str, body: Json, version: str) -> dict[str, Any]:
        """Merge patch of the object as it was at `version`. Raises Conflict when it changed."""
        guarded = {**body, "metadata": {**body.get("metadata", {}), "resourceVersion": version}}
        path = WATCHED[kind].path(namespace, name)
        return await self._write("PATCH", path, guarded, MERGE_PATCH, _MANAGER)

    async def delete(
        self, kind: Kind, namespace: str, name: str, uid: str, version: str = ""
    ) -> dict[str, Any] | None:
        """Delete that very object in the background; its rest if something holds it, None when it is gone."""
        guards = {"uid": uid, **({"resourceVersion": version} if version else {})}
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": guards,
            "propagationPolicy": "Background",
        }
        try:
            rest = await self._write("DELETE", WATCHED[kind].path(namespace, name), options)
        except NotFound:
            return None
        return rest if "metadata" in rest and rest.get("kind") != "Status" else None

    async def write_status(
        self, kind: Kind, namespace: str, name: str, uid: str, status: Json
    ) -> dict[str, Any]:
        """Apply the whole status of one of our objects. Raises Conflict when the name has another UID now."""
        path = WATCHED[kind]
        manifest = {
            "apiVersion": path.api_version,
            "kind": path.kind,
            "metadata": {"name": name, "namespace": namespace, "uid": uid},
            "status": status,
        }
        query = (*_MANAGER, ("force", "true"))
        return await self._write("PATCH", path.path(namespace, name, "status"), manifest, APPLY_PATCH, query)

    async def missing_kinds(self) -> list[str]:
        """Watched kinds that the API server does not serve (yet), as `plural.group`. Raises Unavailable."""
        served: dict[str, set[str]] = {}
        for path in WATCHED.values():
            if path.api_version not in served:
                served[path.api_version] = await self._served(path)
        return [
            f"{p.plural}.{p.group or 'core'}"
            for p in WATCHED.values()
            if p.plural not in served[p.api_version]
        ]

    async def _served(self, path: KindPath) -> set[str]:
        root = f"/apis/{path.api_version}" if path.group else f"/api/{path.api_version}"
        try:
            found = await self._send("GET", root)
        except NotFound:
            return set()
        return {str(resource.get("name")) for resource in found.get("resources") or ()}

    async def _send(
        self, method: str, path: str, body: Json | None = None, query: tuple[tuple[str, str], ...] = ()
    ) -> dict[str, Any]:
        return await self._transport.send(Request(method, path, query, body))

    async def _write(
        self,
        method: str,
        path: str,
        body: Json,
        content_type: str = "application/json",
        query: tuple[tuple[str, str], ...] = (),
    ) -> dict[str, Any]:
        return await self._transport.send(Request(method, path, query, body, content_type, fenced=True))
