"""Who refers to whom, kept as an index in both directions, so that a change wakes only whom it concerns."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from sluice_operator.model import Key, Resource
from sluice_operator.references import References, references_of


class Graph:
    """References between resources. Edges to objects that do not exist (yet) count too."""

    def __init__(self) -> None:
        self._forward: dict[Key, References] = {}
        self._backward: dict[Key, set[Key]] = defaultdict(set)
        self._selecting: dict[str, set[Key]] = defaultdict(set)
        self._runs: dict[str, dict[Key, Mapping[str, str]]] = defaultdict(dict)

    def put(self, resource: Resource) -> None:
        """Take the edges of a new or changed resource."""
        key = resource.key
        self.drop(key)
        found = references_of(resource)
        self._forward[key] = found
        for target in found.keys:
            self._backward[target].add(key)
        if found.run_labels:
            self._selecting[key.namespace].add(key)
        if key.kind == "TrainingRun":
            self._runs[key.namespace][key] = resource.meta.labels

    def drop(self, key: Key) -> None:
        """Forget the edges of a resource; edges to it stay."""
        found = self._forward.pop(key, References())
        for target in found.keys:
            self._backward[target].discard(key)
            if not self._backward[target]:
                del self._backward[target]
        _discard(self._selecting, key)
        self._runs[key.namespace].pop(key, None)
        if not self._runs[key.namespace]:
            del self._runs[key.namespace]

    def reachable(self, *starts: Key) -> frozenset[Key]:
        """Everything that these refer to by name, however far, themselves included."""
        return _closure(starts, lambda key: self._forward.get(key, References()).keys)

    def selector(self, gate: Key) -> Mapping[str, str]:
        """Labels of the runs that a gate selects; empty when it selects none."""
        return self._forward.get(gate, References()).run_labels

    def concerned(self, start: Key) -> frozenset[Key]:
        """Everybody who refers to `start`, however far, itself included."""
        return _closure((start,), self._previous)

    def users(self, key: Key) -> frozenset[Key]:
        """Who refers to `key` by name, one step far."""
        return frozenset(self._backward.get(key, ()))

    def used_by(self, key: Key) -> frozenset[Key]:
        """What `key` refers to by name, one step far."""
        return self._forward.get(key, References()).keys

    def _previous(self, key: Key) -> Iterator[Key]:
        yield from self._backward.get(key, ())
        labels = self._runs.get(key.namespace, {}).get(key)
        if labels is not None:
            gates = self._selecting.get(key.namespace, ())
            yield from (gate for gate in gates if self._forward[gate].selects(labels))


def _discard(index: dict[str, set[Key]], key: Key) -> None:
    if key in index.get(key.namespace, ()):
        index[key.namespace].discard(key)
        if not index[key.namespace]:
            del index[key.namespace]


def _closure(starts: Iterable[Key], step: Callable[[Key], Iterable[Key]]) -> frozenset[Key]:
    seen = set(starts)
    todo = list(seen)
    while todo:
        found = [key for key in step(todo.pop()) if key not in seen]
        seen.update(found)
        todo.extend(found)
    return frozenset(seen)
