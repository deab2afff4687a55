"""How each write of a Plan is carried out: what is read live first, what a refusal means, what becomes of the
answer.

Whatever the API server answers goes into the cache at once, so that the next pass never acts on something
older than our own last write.
"""

from collections.abc import Mapping
from typing import Any

from sluice_api import meta as names
from sluice_operator import raw
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.errors import AlreadyExists, Conflict, NotFound
from sluice_operator.intake import Intake
from sluice_operator.kinds import RESOURCES, WATCHED, Kind, KindPath, kind_of
from sluice_operator.model import Apply, Create, Delete, Owner, Patch, Resource, Write


class Outdated(Exception):
    """The Plan was made from something that is no longer so: look again."""


class ChildConflict(Exception):
    """A name that we need belongs to somebody else."""


class Writer:
    """Carries out the writes of one pass for one object."""

    def __init__(self, cluster: Cluster, intake: Intake, owner: Resource) -> None:
        self._cluster = cluster
        self._intake = intake
        self._owner = owner
        self._namespace = owner.meta.namespace
        self._owner_is_checked = False

    async def delete(self, wanted: Delete) -> None:
        """Delete that very object."""
        await self._require_none("ControllerRevision", wanted.unless_record)
        where = (wanted.kind, self._namespace, wanted.name)
        try:
            rest = await self._cluster.delete(*where, wanted.uid, wanted.resource_version)
        except Conflict:
            await refresh(self._cluster, self._intake, *where, wanted.uid)
            raise Outdated(f"{wanted.kind} {wanted.name} changed before it was deleted") from None
        if rest is None:
            self._intake.remove_named(*where, wanted.uid)
        else:
            self._intake.take(wanted.kind, rest)

    async def write(self, wanted: Write) -> None:
        """Do one write."""
        match wanted:
            case Create():
                await self._create(wanted)
            case Apply():
                await self._require_owner()
                self._take(wanted.manifest, await self._cluster.apply(wanted.manifest))
            case Patch():
                await self._patch(wanted)

    async def _create(self, wanted: Create) -> None:
        await self._require_owner()
        await self._require_none("ControllerRevision", wanted.unless_record)
        await self._require_none("Job", wanted.unless_job)
        try:
            self._take(wanted.manifest, await self._cluster.create(wanted.manifest))
        except AlreadyExists:
            await self._accept(wanted.manifest)

    async def _accept(self, manifest: Mapping[str, Any]) -> None:
        """An object of that name is there: ours, made by an earlier pass, or somebody else's."""
        kind, name = kind_of(manifest), manifest["metadata"]["name"]
        try:
            found = await self._cluster.get(WATCHED[kind], self._namespace, name)
        except NotFound:
            raise Outdated(f"{kind} {name} was deleted while it was created") from None
        view = self._intake.take(kind, found)
        owner, me = view.meta.owner, self._owner
        if not carries_labels(found, manifest):
            # No watch would ever show it to us again.
            whose = describe_owner(owner)
            raise ChildConflict(f"{kind} {name} exists without our labels and belongs to {whose}")
        if is_same(found, manifest):
            return
        if view.meta.deleting or (owner is not None and owner.uid == me.meta.uid):
            raise Outdated(f"{kind} {name} is there already, and differs")
        if owner is not None and (owner.kind, owner.name) == (me.kind, me.meta.name):
            # Its owner had our name, so it is gone: this is what the garbage collector will delete.
            await self._cluster.delete(kind, self._namespace, name, view.meta.uid)
            raise Outdated(f"{kind} {name} was a deleted namesake's")
        raise ChildConflict(f"{kind} {name} exists and belongs to {describe_owner(owner)}")

    async def _patch(self, wanted: Patch) -> None:
        for seen in wanted.requires:
            await self._require(RESOURCES[seen.kind], seen.kind, seen.name, seen.uid, seen.generation)
        await self._require_none("ControllerRevision", wanted.unless_record)
        where = (wanted.kind, self._namespace, wanted.name)
        try:
            answer = await self._cluster.patch(*where, wanted.body, wanted.resource_version)
        except (Conflict, NotFound):
            await refresh(self._cluster, self._intake, *where)
            raise Outdated(f"{wanted.kind} {wanted.name} changed before it was patched") from None
        self._intake.take(wanted.kind, answer)

    async def _require_owner(self) -> None:
        # Once in a pass: between its writes lie milliseconds, and the garbage collector mends the rest.
        if self._owner_is_checked:
            return
        meta, kind = self._owner.meta, self._owner.kind
        await self._require(RESOURCES[kind], kind, meta.name, meta.uid, meta.generation)
        self._owner_is_checked = True

    async def _require(self, path: KindPath, kind: Kind, name: str, uid: str, generation: int) -> None:
        """Read live: the object is that very one, of that generation, and is not being deleted."""
        try:
            found = await self._cluster.get(path, self._namespace, name)
        except NotFound:
            self._intake.remove_named(kind, self._namespace, name, uid)
            raise Outdated(f"{kind} {name} is gone") from None
        live = self._intake.take(kind, found).meta
        if (live.uid, live.generation, live.deleting) != (uid, generation, False):
            raise Outdated(f"{kind} {name} changed")

    async def _require_none(self, kind: Kind, name: str) -> None:
        """Read live: no object of that name is there."""
        if not name:
            return
        try:
            found = await self._cluster.get(WATCHED[kind], self._namespace, name)
        except NotFound:
            return
        self._intake.take(kind, found)
        raise Outdated(f"{kind} {name} exists")

    def _take(self, manifest: Mapping[str, Any], answer: object) -> None:
        self._intake.take(kind_of(manifest), answer)


async def refresh(
    cluster: Cluster, intake: Intake, kind: Kind, namespace: str, name: str, uid: str = ""
) -> None:
    """Read live what a write was refused for: a conflict does not tell whether the object is gone."""
    try:
        intake.take(kind, await cluster.get(WATCHED[kind], namespace, name))
    except NotFound:
        intake.remove_named(kind, namespace, name, uid)


def carries_labels(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an object carries the labels of ours by which it is watched, and told whose it is."""
    have, want = (raw.mapping(x, "metadata", "labels") for x in (found, wanted))
    keys = (names.LABEL_MANAGED_BY, names.LABEL_OWNER_KIND, names.LABEL_OWNER)
    return all(have.get(key) == want.get(key) for key in keys)


def is_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an object is what we would have created: same owner, same request, for records same content."""
    keys = (names.ANNOTATION_OWNER_UID, names.ANNOTATION_REQUEST_HASH)
    have, want = (raw.mapping(x, "metadata", "annotations") for x in (found, wanted))
    if any(have.get(key) != want.get(key) for key in keys):
        return False
    return found.get("data") == wanted.get("data") if kind_of(wanted) == "ControllerRevision" else True


def describe_owner(owner: Owner | None) -> str:
    """Who an object belongs to, for people."""
    return f"{owner.kind} {owner.name}" if owner else "nobody that Sluice knows"
