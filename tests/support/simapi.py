"""An API server in memory, as far as the operator can tell it from a real one.

One namespace. Versions, create conflicts, preconditions, generations, immutable records and the garbage
collector are as the real one has them; admission policies and RBAC are not here. What the operator, nodes or
people do stands elsewhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sluice_operator.adapters.cluster.errors import AlreadyExists, Conflict, Invalid, NotFound
from sluice_operator.kinds import RESOURCES, Kind, kind_of
from sluice_operator.views import View, view_of
from support.plaincopy import copied

NAMESPACE = "team"
Raw = dict[str, Any]
Verb = Literal["create", "apply", "patch", "delete", "status", "put"]

_FROZEN: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "ControllerRevision": (("data",),),
    "AppsDeployment": (("spec", "selector"),),
    "Job": (("spec", "template"),),
}
"""Paths that the real API server refuses to change."""


@dataclass(frozen=True)
class Change:
    """One object that somebody changed."""

    verb: Verb
    kind: Kind
    name: str
    actor: str
    before: Raw | None
    after: Raw | None
    view: View
    """The object as watchers see it: its new state, or its last one when it is gone."""


@dataclass
class ApiServer:
    """Objects by kind and name. What it gives away must not be changed: write a copy."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    """What all clocks on the wall say; it may be set."""
    elapsed: float = 0.0
    """Seconds since the beginning, which nobody can set."""
    objects: dict[tuple[str, str], Raw] = field(default_factory=dict)
    listeners: list[Callable[[Change], None]] = field(default_factory=list)
    version: int = 0
    serial: int = 0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.elapsed += seconds

    def stamp(self) -> str:
        """Time as the API writes it."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def get(self, kind: str, name: str) -> Raw:
        """One object. Raises NotFound."""
        found = self.objects.get((kind, name))
        if found is None:
            raise NotFound(404, f"{kind} {name} not found")
        return found

    def create(self, manifest: Mapping[str, Any], actor: str) -> Raw:
        """Create an object. Raises AlreadyExists."""
        kind, name = kind_of(manifest), manifest["metadata"]["name"]
        if (kind, name) in self.objects:
            raise AlreadyExists(409, f"{kind} {name} already exists")
        return self._store("create", kind, None, copied(dict(manifest)), actor)

    def apply(self, manifest: Mapping[str, Any], actor: str) -> Raw:
        """Server-side apply by the only manager that applies; what others added stays."""
        kind, name = kind_of(manifest), manifest["metadata"]["name"]
        known = self.objects.get((kind, name))
        wanted = {k: v for k, v in manifest.items() if k != "status"}
        return self._store("apply", kind, known, overlay(known or {}, wanted), actor)

    def patch(self, kind: Kind, name: str, body: Mapping[str, Any], version: str, actor: str) -> Raw:
        """Merge patch of the object as it was at `version`."""
        known = self.get(kind, name)
        if known["metadata"]["resourceVersion"] != version:
            raise Conflict(409, f"{kind} {name} changed")
        return self._store("patch", kind, known, merge(known, body), actor)

    def put(self, kind: Kind, data: Raw, actor: str) -> Raw:
        """What a person or a controller of the cluster writes, unguarded."""
        known = self.objects.get((kind, data["metadata"]["name"]))
        if known is data:  # changed in place: what it was is lost
            known = {**copied(data), "before": "unknown"}
        return self._store("put", kind, known, copied(data), actor)

    def write_status(self, kind: Kind, name: str, uid: str, status: Mapping[str, Any], actor: str) -> Raw:
        """Apply the status of that very object."""
        known = self.get(kind, name)
        if known["metadata"]["uid"] != uid:
            raise Conflict(409, f"{kind} {name} is another")
        return self._store("status", kind, known, {**known, "status": copied(dict(status))}, actor)

    def delete(self, kind: Kind, name: str, uid: str, version: str, actor: str) -> None:
        """Delete that very object; what it owns waits for the garbage collector."""
        known = self.get(kind, name)
        if known["metadata"]["uid"] != uid or version not in ("", known["metadata"]["resourceVersion"]):
            raise Conflict(409, f"{kind} {name} is another")
        del self.objects[kind, name]
        self.version += 1
        self._tell(Change("delete", kind, name, actor, known, None, view_of(kind, known)))

    def collect(self) -> bool:
        """One round of the garbage collector: objects whose owner is gone. Whether it found any."""
        uids = {data["metadata"]["uid"] for data in self.objects.values()}
        orphans = [place for place, data in self.objects.items() if _is_orphan(data, uids)]
        for kind, name in orphans:
            self.delete(kind, name, self.objects[kind, name]["metadata"]["uid"], "", "collector")  # type: ignore[arg-type]
        return bool(orphans)

    def of(self, kind: str) -> list[Raw]:
        """All objects of a kind."""
        return [data for (found, _), data in self.objects.items() if found == kind]

    def _store(self, verb: Verb, kind: Kind, known: Raw | None, wanted: Raw, actor: str) -> Raw:
        name = wanted["metadata"]["name"]
        if known is None:
            self._give_birth(wanted)
        else:
            _refuse_frozen(kind, known, wanted)
            wanted["metadata"]["resourceVersion"] = known["metadata"]["resourceVersion"]
            wanted["metadata"]["uid"] = known["metadata"]["uid"]
            if wanted == known:
                return known
            changed = kind in (*RESOURCES, "AppsDeployment") and wanted.get("spec") != known.get("spec")
            wanted["metadata"]["generation"] = known["metadata"]["generation"] + int(changed)
        self.version += 1
        wanted["metadata"]["resourceVersion"] = str(self.version)
        self.objects[kind, name] = wanted
        self._tell(Change(verb, kind, name, actor, known, wanted, view_of(kind, wanted)))
        return wanted

    def _give_birth(self, wanted: Raw) -> None:
        self.serial += 1
        wanted["metadata"] = {
            **wanted["metadata"],
            "uid": f"uid-{self.serial}",
            "creationTimestamp": self.stamp(),
            "generation": 1,
        }

    def _tell(self, change: Change) -> None:
        for listener in self.listeners:
            listener(change)


def _is_orphan(data: Raw, uids: Iterable[str]) -> bool:
    owners = data["metadata"].get("ownerReferences", [])
    return bool(owners) and all(owner["uid"] not in uids for owner in owners)


def _refuse_frozen(kind: Kind, known: Raw, wanted: Raw) -> None:
    for path in _FROZEN.get(kind, ()):
        before, after = known, wanted
        for step in path:
            before, after = before.get(step, {}), after.get(step, {})
        if before != after:
            raise Invalid(422, f"{kind} {known['metadata']['name']}: {'.'.join(path)} is immutable")


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return copied(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def overlay(target: Any, manifest: Any) -> Any:
    """What server-side apply makes of an object: lists of named items are merged by name."""
    if isinstance(manifest, Mapping) and isinstance(target, Mapping):
        changed = {key: overlay(target.get(key), value) for key, value in manifest.items()}
        return {**copied(dict(target)), **changed}
    if _is_named(manifest) and _is_named(target):
        mine = {item["name"]: item for item in manifest}
        theirs = {item["name"]: item for item in target}
        merged = [overlay(theirs.get(name), item) for name, item in mine.items()]
        return [*merged, *(copied(item) for name, item in theirs.items() if name not in mine)]
    return copied(manifest)


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "name" in v for v in value)
