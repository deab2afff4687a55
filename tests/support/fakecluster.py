"""The cluster adapter over a table of objects, with faults on demand, for tests of the shell alone."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from sluice_operator.adapters.cluster.cluster import Listed
from sluice_operator.adapters.cluster.errors import AlreadyExists, ApiError, Conflict, NotFound
from sluice_operator.kinds import WATCHED, Kind, KindPath, kind_of
from support.plaincopy import copied
from support.simcluster import merge

Raw = dict[str, Any]
KINDS: Mapping[KindPath, Kind] = {path: kind for kind, path in WATCHED.items()}


class FakeCluster:
    """Enough of an API server for one namespace; `writes` tells what was asked for."""

    def __init__(self) -> None:
        self.warnings: dict[str, list[Raw]] = {}
        self.objects: dict[tuple[Kind, str], Raw] = {}
        self.writes: list[tuple[str, Kind, str]] = []
        self.refuse: dict[tuple[str, Kind], ApiError] = {}
        """Verb and kind whose next writes fail."""
        self.prune: frozenset[str] = frozenset()
        """Fields of a status that the server drops."""
        self._version = 100

    def put(self, kind: Kind, raw: Raw) -> Raw:
        """What another writer did."""
        self._version += 1
        raw["metadata"]["resourceVersion"] = str(self._version)
        raw["metadata"].setdefault("uid", f"uid-{self._version}")
        self.objects[kind, raw["metadata"]["name"]] = raw
        return copied(raw)

    async def get(self, path: KindPath, namespace: str, name: str) -> Raw:
        return copied(self._find(KINDS[path], name))

    async def create(self, manifest: Raw) -> Raw:
        kind, name = kind_of(manifest), manifest["metadata"]["name"]
        self._write("create", kind, name)
        if (kind, name) in self.objects:
            raise AlreadyExists(409, f"{name} exists")
        return self.put(kind, copied(manifest))

    async def apply(self, manifest: Raw) -> Raw:
        kind, name = kind_of(manifest), manifest["metadata"]["name"]
        self._write("apply", kind, name)
        return self.put(kind, merge(self.objects.get((kind, name), {"metadata": {}}), manifest))

    async def patch(self, kind: Kind, namespace: str, name: str, body: Raw, version: str) -> Raw:
        self._write("patch", kind, name)
        found = self._find(kind, name)
        if found["metadata"]["resourceVersion"] != version:
            raise Conflict(409, f"{name} changed")
        return self.put(kind, merge(found, body))

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str, version: str = "") -> Raw | None:
        self._write("delete", kind, name)
        found = self.objects.get((kind, name))
        if found is None:
            return None
        if found["metadata"]["uid"] != uid or version not in ("", found["metadata"]["resourceVersion"]):
            raise Conflict(409, f"{name} is another")
        del self.objects[kind, name]
        return None

    async def write_status(self, kind: Kind, namespace: str, name: str, uid: str, status: Raw) -> Raw:
        self._write("status", kind, name)
        found = self._find(kind, name)
        if found["metadata"]["uid"] != uid:
            raise Conflict(409, f"{name} is another")
        kept = {key: value for key, value in status.items() if key not in self.prune}
        return self.put(kind, found | {"status": copied(kept)})

    async def warnings_about(self, namespace: str, uid: str) -> tuple[Raw, ...]:
        return tuple(self.warnings.get(uid, ()))

    async def list_pages(self, kind: Kind, namespace: str, labels: str = "") -> AsyncIterator[Listed]:
        items = tuple(copied(raw) for (found, _), raw in self.objects.items() if found == kind)
        yield Listed(str(self._version), items)

    def _find(self, kind: Kind, name: str) -> Raw:
        if (kind, name) not in self.objects:
            raise NotFound(404, f"{name} not found")
        return self.objects[kind, name]

    def _write(self, verb: str, kind: Kind, name: str) -> None:
        if error := self.refuse.get((verb, kind)):
            raise error
        self.writes.append((verb, kind, name))


class FakeRecorder:
    """Keeps the Events that would be posted."""

    def __init__(self) -> None:
        self.posted: list[str] = []
        self.messages: list[str] = []

    async def post(self, resource: Any, note: Any) -> None:
        self.posted.append(note.reason.camel)
        self.messages.append(note.message)
