"""A cluster in memory, for forecasts: it takes the writes of planners and never leaves the process."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from sluice_api import meta
from sluice_operator import raw
from sluice_operator.cache import Cache
from sluice_operator.kinds import Kind, kind_of
from sluice_operator.model import Apply, Create, Delete, Key, Observed, Patch, Write
from sluice_operator.settings import Settings
from sluice_operator.views import view_of
from sluice_plugin.plan.check import Document

Json = dict[str, Any]
Place = tuple[Kind, str, str]
"""Kind, namespace and name."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{12}")
_BEYOND = 10**15
"""Versions of what is made here: above those of any cluster."""


class World:
    """Objects, and a clock that forecasts move."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self.cache = Cache()
        self.settings = settings
        self.now = now
        self._objects: dict[Place, Json] = {}
        self._serial = 0

    def load(self, kind: Kind, data: Json) -> None:
        """Take an object as a cluster has it."""
        self._objects[kind, raw.text(data, "metadata", "namespace"), raw.text(data, "metadata", "name")] = (
            data
        )
        self.cache.put(kind, view_of(kind, data))

    def take(self, document: Document) -> None:
        """Apply an object of a file."""
        key = document.key
        known = self._objects.get((key.kind, key.namespace, key.name))
        body = deepcopy(known) if known else {"apiVersion": meta.API_VERSION, "kind": key.kind, "status": {}}
        old = raw.mapping(body, "metadata")
        own = {
            f: {**raw.mapping(old, f), **raw.mapping(document.metadata, f)} for f in ("labels", "annotations")
        }
        generation = raw.integer(old, "generation") + int(body.get("spec") != document.spec)
        body["metadata"] = {
            **old,
            **own,
            "name": key.name,
            "namespace": key.namespace,
            "generation": generation,
        }
        self.put(key.kind, body | {"spec": dict(document.spec)})

    def put(self, kind: Kind, data: Json) -> None:
        """Create or replace an object as an API server would."""
        self._serial += 1
        made = {"uid": f"planned-{self._serial}", "creationTimestamp": self.stamp(), "generation": 1}
        metadata = made | data["metadata"] | {"resourceVersion": str(_BEYOND + self._serial)}
        self.load(kind, data | {"metadata": metadata})

    def write(self, step: Write | Delete, namespace: str) -> None:
        """Do what a plan wants."""
        if isinstance(step, Delete):
            gone = self._objects.pop((step.kind, namespace, step.name), None)
            if gone is not None:
                self.cache.remove(step.kind, view_of(step.kind, gone))
        elif isinstance(step, Patch):
            known = self._objects[step.kind, namespace, step.name]
            self.put(step.kind, merged(known, step.body))
        else:
            self._manifest(step)

    def _manifest(self, step: Create | Apply) -> None:
        kind, metadata = kind_of(step.manifest), step.manifest["metadata"]
        known = self._objects.get((kind, metadata["namespace"], metadata["name"]))
        if known is None:
            self.put(kind, deepcopy(dict(step.manifest)))
        elif isinstance(step, Apply):
            self.put(kind, merged(known, step.manifest))

    def write_status(self, key: Key, status: Mapping[str, Any]) -> None:
        """Take a status."""
        known = self._objects[key.kind, key.namespace, key.name]
        if known.get("status") != status:
            self.put(key.kind, known | {"status": deepcopy(dict(status))})

    def of(self, kind: Kind) -> Iterator[Json]:
        """All objects of a kind."""
        return iter([data for (found, _, _), data in self._objects.items() if found == kind])

    def digests(self) -> frozenset[str]:
        """The beginnings of all digests that exist: whatever else a forecast names, it made up."""
        return frozenset(d for data in self._objects.values() for d in _DIGEST.findall(json.dumps(data)))

    def observe(self, key: Key) -> Observed:
        """What a planner would know."""
        world = self.cache.world(key)
        return Observed(world[key], world, self.settings, self.now, self.cache.finished(world))

    def stamp(self) -> str:
        """The time as Kubernetes writes it."""
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


def merged(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return deepcopy(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
