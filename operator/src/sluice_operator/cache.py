"""What the operator knows of the cluster: slim views, merged by resourceVersion, with an index by owner.

Fed by watches, by lists and by the answers to our own writes, in any order: the newest version wins, and what
was deleted stays deleted, until a list that began later says otherwise. Never I/O.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from sluice_api.reasons import ARTIFACT_DIGEST_MISMATCH
from sluice_operator import metrics, raw
from sluice_operator.facts.gate import MOST_CANDIDATES, wanted_digests
from sluice_operator.facts.run import run_facts
from sluice_operator.family import family
from sluice_operator.finished import FinishedRuns
from sluice_operator.graph import Graph
from sluice_operator.kinds import RESOURCES, WATCHED, Kind
from sluice_operator.model import Key, Related, Resource, ResourceKind, SliceView
from sluice_operator.selections import FinishedRun, Selections
from sluice_operator.views import StoredRecord, View, owner_key

Place = tuple[str, str]
"""Namespace and name."""
Concerned = frozenset[Key]
"""Keys that a change concerns."""
TOMBSTONES = 10_000
"""UIDs of deleted objects that are remembered; no watch lags that far behind a list."""
_TELLING: frozenset[Kind] = frozenset({*RESOURCES, "ControllerRevision", "Service"})
"""Kinds of which those who refer to the owner hear: what they decide from."""


@dataclass(frozen=True)
class Snapshot:
    """A complete list of one kind."""

    kind: Kind
    namespace: str | None
    resource_version: int
    began: int
    """What `Cache.begin_list` said when the list began."""
    views: tuple[View, ...] = field(repr=False)


class Cache:
    """Objects of all watched kinds."""

    def __init__(self) -> None:
        self._objects: dict[Kind, dict[Place, View]] = {kind: {} for kind in WATCHED}
        self._heard = 0
        """Number of the newest news: a clock that no restore of the store turns back."""
        self._heard_at: dict[Kind, dict[Place, int]] = {kind: {} for kind in WATCHED}
        self._listed: set[tuple[Kind, str | None]] = set()
        self._children: dict[Key, set[tuple[Kind, Place]]] = defaultdict(set)
        self._slices: dict[Place, set[Place]] = defaultdict(set)
        """By the Service that they lead somewhere."""
        self._graph = Graph()
        self._selections = Selections(self._finished_run)
        self._dead: OrderedDict[str, int] = OrderedDict()
        """UIDs of deleted objects, with the number of that news."""

    def put(self, kind: Kind, view: View) -> Concerned:
        """Take a view unless a newer one is known."""
        old = self._objects[kind].get(_place(view))
        if view.meta.uid in self._dead or (old is not None and version(view) <= version(old)):
            return frozenset()
        return self._take(kind, old, view)

    def _take(self, kind: Kind, old: View | None, view: View) -> Concerned:
        place = _place(view)
        self._heard += 1
        if isinstance(view, Resource) and isinstance(old, Resource) and _says_the_same(old, view):
            # Progress and conditions: nobody else decides from them, and a thousand runs write them.
            self._objects[kind][place], self._heard_at[kind][place] = view, self._heard
            return frozenset({view.key}) | self._told_of_damage(view)
        before = self._forget(kind, old) if old is not None else frozenset()
        self._objects[kind][place], self._heard_at[kind][place] = view, self._heard
        if isinstance(view, Resource):
            self._graph.put(view)
        elif isinstance(view, SliceView):
            self._slices[place[0], view.service].add(place)
        elif owner := owner_key(view.meta):
            self._children[owner].add((kind, place))
        self._touch(view)
        return before | self._concerned(kind, view)

    def remove(self, kind: Kind, view: View) -> Concerned:
        """Forget an object for good."""
        self._heard += 1
        self._dead[view.meta.uid] = self._heard
        if len(self._dead) > TOMBSTONES:
            self._dead.popitem(last=False)
        old = self._objects[kind].get(_place(view))
        return self._forget(kind, old) if old is not None and old.meta.uid == view.meta.uid else frozenset()

    def begin_list(self) -> int:
        """Call before a list is asked for: it is newer than all that was heard until now."""
        return self._heard

    def replace(self, snapshot: Snapshot) -> Concerned:
        """Take a complete list. It overrules what was heard before it began, be its versions older.

        They are when the store was restored from the past: then objects return under their UIDs, and others
        as they once were. What was heard since the list began stays if its version is newer.
        """
        kind, listed = snapshot.kind, {v.meta.uid for v in snapshot.views}
        known = [v for v in self._objects[kind].values() if snapshot.namespace in (None, v.meta.namespace)]
        ghosts = [v for v in known if v.meta.uid not in listed and self._is_older(kind, v, snapshot)]
        gone = [self.remove(kind, ghost) for ghost in ghosts]
        found = [self._put_listed(kind, view, snapshot) for view in snapshot.views]
        metrics.GHOSTS.labels(kind).inc(len(ghosts))
        if (kind, snapshot.namespace) in self._listed:
            metrics.MISSED.labels(kind).inc(sum(bool(keys) for keys in found))
        self._listed.add((kind, snapshot.namespace))
        return frozenset().union(*gone, *found)

    def _is_older(self, kind: Kind, view: View, snapshot: Snapshot) -> bool:
        was_known = self._heard_at[kind][_place(view)] <= snapshot.began
        return was_known or version(view) <= snapshot.resource_version

    def _put_listed(self, kind: Kind, view: View, snapshot: Snapshot) -> Concerned:
        if self._dead.get(view.meta.uid, snapshot.began + 1) <= snapshot.began:
            del self._dead[view.meta.uid]
        old = self._objects[kind].get(_place(view))
        if old is None or self._heard_at[kind][_place(view)] > snapshot.began:
            return self.put(kind, view)
        return frozenset() if old == view else self._take(kind, old, view)

    def get(self, kind: Kind, namespace: str, name: str) -> View | None:
        """One object."""
        return self._objects[kind].get((namespace, name))

    def resource(self, key: Key) -> Resource | None:
        """One of our objects."""
        found = self._objects[key.kind].get((key.namespace, key.name))
        return found if isinstance(found, Resource) else None

    def keys(self) -> tuple[Key, ...]:
        """All our objects."""
        return tuple(Key(ns, kind, name) for kind in RESOURCES for ns, name in self._objects[kind])

    def related(self, key: Key) -> Related | None:
        """An object with its children, each sort ordered by name; None when it is missing."""
        resource = self.resource(key)
        if resource is None:
            return None
        children = (self._objects[kind][place] for kind, place in sorted(self._children.get(key, ())))
        return family(resource, (*children, *self._slices_of(key)))

    def _slices_of(self, key: Key) -> Iterator[View]:
        services = (place for kind, place in sorted(self._children.get(key, ())) if kind == "Service")
        for service in services:
            yield from (self._objects["EndpointSlice"][p] for p in sorted(self._slices.get(service, ())))

    def world(self, key: Key) -> Mapping[Key, Related]:
        """Everything that exists and that `key` reaches by name, itself included, and a gate's candidates."""
        found = ((k, self.related(k)) for k in self._graph.reachable(key, *self._candidates(key)))
        return {k: related for k, related in found if related is not None}

    def finished(self, keys: Iterable[Key]) -> Mapping[Key, FinishedRuns]:
        """Finished runs that each of these selects by label."""
        selectors = ((key, self._graph.selector(key)) for key in keys)
        return {key: self._selections.of(key, labels) for key, labels in selectors if labels}

    def settle(self, most: int) -> bool:
        """Read up to so many runs that changed, so that no pass has to; whether more are left."""
        return self._selections.settle(most)

    def _candidates(self, gate: Key) -> Iterator[Key]:
        for runs in self.finished([gate]).values():
            asked = (runs.made(digest)[:1] for digest in sorted(wanted_digests(self._deployments(gate))))
            for run in (*runs.newest_first[:MOST_CANDIDATES], *chain.from_iterable(asked)):
                yield Key(gate.namespace, "TrainingRun", run.name)

    def _deployments(self, gate: Key) -> list[Resource]:
        found = (self.resource(k) for k in self._graph.users(gate) if k.kind == "Deployment")
        return [r for r in found if r is not None]

    def _finished_run(self, key: Key) -> FinishedRun | None:
        related = self.related(key)
        facts = run_facts(related) if related else None
        return FinishedRun(related.resource.meta.labels, facts) if related and facts else None

    def _touch(self, view: View) -> None:
        """Note what is to be read again: a run when it or one of its records changed."""
        key = view.key if isinstance(view, Resource) else owner_key(view.meta)
        if key is not None and key.kind == "TrainingRun" and isinstance(view, Resource | StoredRecord):
            self._selections.touch(key)

    def users(self, key: Key) -> tuple[Related, ...]:
        """Objects that refer to `key` and tell it something."""
        found = (self.resource(k) for k in sorted(self._graph.users(key)))
        telling = (r for r in found if r is not None and tells(r, key.kind))
        return tuple(u for r in telling if (u := self.related(r.key)) is not None)

    def concerned(self, key: Key) -> Concerned:
        """Everybody who refers to `key`, however far, itself included."""
        return self._graph.concerned(key)

    def count_conditions(self) -> Iterator[metrics.Sample]:
        """How many of our objects have which condition."""
        for kind in RESOURCES:
            counts = Counter(
                (raw.text(c, "type"), raw.text(c, "status"))
                for view in self._objects[kind].values()
                if isinstance(view, Resource)
                for c in raw.items(view.status, "conditions")
            )
            yield from ((kind, *condition, number) for condition, number in counts.items())

    def count_objects(self) -> Iterator[tuple[str, int]]:
        """How many objects of each kind are known."""
        return ((kind, len(objects)) for kind, objects in self._objects.items())

    def _forget(self, kind: Kind, view: View) -> Concerned:
        concerned = self._concerned(kind, view)
        del self._objects[kind][_place(view)], self._heard_at[kind][_place(view)]
        self._touch(view)
        if isinstance(view, Resource):
            self._graph.drop(view.key)
            self._selections.forget(view.key)
        elif isinstance(view, SliceView):
            self._slices[view.meta.namespace, view.service].discard(_place(view))
            if not self._slices[view.meta.namespace, view.service]:
                del self._slices[view.meta.namespace, view.service]
        elif owner := owner_key(view.meta):
            self._children[owner].discard((kind, _place(view)))
            if not self._children[owner]:
                del self._children[owner]
        return concerned

    def _concerned(self, kind: Kind, view: View) -> Concerned:
        if isinstance(view, SliceView):
            led = self._objects["Service"].get((view.meta.namespace, view.service))
            key = owner_key(led.meta) if led else None
        else:
            key = view.key if isinstance(view, Resource) else owner_key(view.meta)
        if key is None:
            return frozenset()
        if kind not in _TELLING:
            return frozenset({key})
        owner = view if isinstance(view, Resource) else self.resource(key)
        return self._graph.concerned(key) | (self._told_by(owner) if owner else frozenset())

    def _told_of_damage(self, user: Resource) -> Concerned:
        return frozenset(k for k in self._told_by(user) if k.kind == "DatasetPack")

    def _told_by(self, user: Resource) -> Concerned:
        """What an object refers to and tells something."""
        return frozenset(k for k in self._graph.used_by(user.key) if tells(user, k.kind))


def version(view: View) -> int:
    """resourceVersion as the number that it is; 0 for odd ones."""
    found = view.meta.resource_version
    return int(found) if found.isdecimal() else 0


def tells(user: Resource, kind: ResourceKind) -> bool:
    """Whether an object tells something to one of that kind that it refers to.

    A Deployment tells its gate which digests people want, and what is live; whoever found bytes damaged tells
    the pack.
    """
    if kind == "DatasetPack":
        return raw.text(user.status, "failure", "reason") == ARTIFACT_DIGEST_MISMATCH.camel
    return kind == "EvalGate" and user.kind == "Deployment"


def _place(view: View) -> Place:
    return view.meta.namespace, view.meta.name


def _says_the_same(old: Resource, new: Resource) -> bool:
    """Whether a new version of an object tells those who refer to it nothing new."""
    before, after = old.meta, new.meta
    is_same = (before.uid, before.deleting, before.owner) == (after.uid, after.deleting, after.owner)
    return is_same and (before.labels, before.annotations, old.spec) == (
        after.labels,
        after.annotations,
        new.spec,
    )
