"""Every change of a namespace, in the order in which the API server made them, and what must hold of each.

One watch for each kind; versions are the store's own, so that sorting by them gives the one true order.
"""

import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from sluice_operator.kinds import WATCHED, Kind
from sluice_operator.views import view_of
from support import restinvariants as at_rest
from support.invariants import after_write
from support.simapi import ApiServer, Change, Raw
from support.teamspace import Teamspace
from support.witness import Witness

ROUND_SECONDS = 20
PAUSE_SECONDS = 0.3
_VERBS = {"ADDED": "create", "MODIFIED": "patch", "DELETED": "delete"}
SEEN: tuple[Kind, ...] = tuple(kind for kind in WATCHED if kind != "Pod")


@dataclass(frozen=True)
class Entry:
    """One event of a watch."""

    version: int
    type: str
    kind: Kind
    data: Raw
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Chronicle:
    """Use it as a context manager around everything that happens in a new namespace."""

    space: Teamspace
    entries: list[Entry] = field(default_factory=list)
    changed_at: float = field(default_factory=time.monotonic)
    """When the newest change was seen."""
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        for kind in SEEN:
            since = self._version(kind)
            threading.Thread(target=self._watch, args=(kind, since), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # The watches end by themselves, in their own time; what they bring now is not read any more.
        self._stop.set()

    def _version(self, kind: Kind) -> str:
        """Version of the list; a kind that is new is served a moment after it is established."""
        found: dict[str, Any] = {}

        def is_served() -> bool:
            found.update(self.space.api.call("GET", WATCHED[kind].path(self.space.name)).body)
            return "resourceVersion" in found.get("metadata", {})

        self.space.wait(f"the list of {kind}", is_served, 30)
        return str(found["metadata"]["resourceVersion"])

    def quiet_seconds(self) -> float:
        """How long nothing has changed."""
        return time.monotonic() - self.changed_at

    def _watch(self, kind: Kind, since: str) -> None:
        while not self._stop.is_set():
            try:
                for entry in self._round(kind, since):
                    since = str(entry.version)
                    if entry.type in _VERBS and not self._stop.is_set():
                        self.entries.append(entry)
                        self.changed_at = time.monotonic()
            except (OSError, ValueError, urllib.error.URLError):
                # The API server is being started anew: its store forgets nothing.
                self._stop.wait(PAUSE_SECONDS)

    def _round(self, kind: Kind, since: str) -> Iterator[Entry]:
        plane = self.space.api.plane
        query = f"watch=1&allowWatchBookmarks=true&timeoutSeconds={ROUND_SECONDS}&resourceVersion={since}"
        url = f"{plane.url}{WATCHED[kind].path(self.space.name)}?{query}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {plane.token}"})
        context = ssl.create_default_context(cafile=str(plane.ca_file))
        with urllib.request.urlopen(request, timeout=ROUND_SECONDS + 10, context=context) as lines:
            for line in lines:
                told = json.loads(line)
                if told["type"] == "ERROR":
                    # An API server that was started anew does not know what came before.
                    yield from self._relist(kind)
                    return
                yield Entry(
                    int(told["object"]["metadata"]["resourceVersion"]), told["type"], kind, told["object"]
                )

    def _relist(self, kind: Kind) -> Iterator[Entry]:
        """What a broken watch did not tell: objects as they are now, and which of them are gone."""
        found = self.space.api.call("GET", WATCHED[kind].path(self.space.name)).body
        version = int(found["metadata"]["resourceVersion"])
        now = {data["metadata"]["name"]: data for data in found["items"]}
        last = {e.data["metadata"]["name"]: e for e in self.entries if e.kind == kind}
        for name, entry in last.items():
            if name not in now and entry.type != "DELETED":
                yield Entry(version, "DELETED", kind, entry.data)
        for name, data in now.items():
            of = int(data["metadata"]["resourceVersion"])
            if name not in last or last[name].version < of:
                yield Entry(of, "MODIFIED" if name in last else "ADDED", kind, _named(data, kind))
        yield Entry(version, "BOOKMARK", kind, found)

    def judge(self) -> Witness:
        """Replay everything, and require every invariant after each change and at the end."""
        world = ApiServer()
        witness = Witness(world)
        for entry in sorted(self.entries, key=lambda e: e.version):
            world.now = entry.at
            change = _take(world, entry)
            witness.see(change)
            after_write(witness, change, fresh=True)
        at_rest.s7_traffic_is_where_the_chain_says(witness)
        at_rest.i5_status_speaks_of_now(witness)
        return witness


def _take(world: ApiServer, entry: Entry) -> Change:
    place = (entry.kind, entry.data["metadata"]["name"])
    before = world.objects.get(place)
    after: Any = None if entry.type == "DELETED" else _whole(entry)
    if after is None:
        world.objects.pop(place, None)
    else:
        world.objects[place] = after
    verb: Any = "status" if _is_status(before, after) else _VERBS[entry.type]
    return Change(verb, entry.kind, place[1], "operator", before, after, view_of(entry.kind, entry.data))


def _named(item: Raw, kind: Kind) -> Raw:
    """An item of a list with the kind that only the list carries."""
    return {"apiVersion": WATCHED[kind].api_version, "kind": WATCHED[kind].kind, **item}


def _whole(entry: Entry) -> Raw:
    """The object as the invariants read it."""
    data = {"status": {}, **entry.data}
    data["metadata"] = {"labels": {}, "annotations": {}, **data["metadata"]}
    return data


def _is_status(before: Raw | None, after: Raw | None) -> bool:
    return before is not None and after is not None and before["status"] != after["status"]
