"""Completion markers: `done-<mark>.json` names a folder of finished work, `damaged-<mark>.json` voids it.

Anybody who holds the store's key may have written what is found here. What cannot be read as a marker, or is
not believed by who asks, is no marker: it fails nothing, and the work is done again under a mark of its own.
Marks are random, so that nobody can take the next one. A late writer only fills a folder of its own.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sluice_api.contracts.manifests import DamageNote, Marker
from sluice_api.errors import InputWrong
from sluice_api.layout import damaged_mark, damaged_name, done_mark, done_name
from sluice_store.base import ObjectStore, checked_key
from sluice_store.files import Damaged, verify_folder

MARKER_BYTES_MAX = 64 * 1024
"""A longer object is no marker, and is not read to its end."""

Belief = Callable[[Marker], bool]
"""Whether a well-formed marker is believed."""


@dataclass(frozen=True)
class Found:
    """A marker and what tells it from its neighbours."""

    mark: str
    marker: Marker


@dataclass(frozen=True)
class Look:
    """What is found under a key, in the order of marks; what is voided is left out."""

    found: tuple[Found, ...] = ()
    ignored: tuple[str, ...] = ()
    """Keys in the place of markers that are none."""


def look(store: ObjectStore, key: str, belief: Belief = lambda _: True) -> Look:
    """All markers of a key that hold, and what only looks like one."""
    names = [k.removeprefix(f"{key}/") for k in store.list(key)]
    names = [name for name in names if "/" not in name]
    voided = {damaged_mark(name) for name in names}
    marks = sorted({m for name in names if (m := done_mark(name)) is not None and m not in voided})
    read = {mark: _read(store, f"{key}/{done_name(mark)}") for mark in marks}
    held = {mark: marker for mark, marker in read.items() if marker is not None and belief(marker)}
    return Look(
        tuple(Found(mark, marker) for mark, marker in held.items()),
        tuple(f"{key}/{done_name(mark)}" for mark in marks if mark not in held),
    )


def find(store: ObjectStore, key: str, belief: Belief = lambda _: True) -> Found | None:
    """The marker that every reader takes, or None. What it stands for is not proven."""
    return next(iter(look(store, key, belief).found), None)


def publish(store: ObjectStore, key: str, marker: Marker, belief: Belief = lambda _: True) -> Marker:
    """Put a marker, unless one holds already. Returns the one that readers take."""
    found = find(store, key, belief)
    if found is not None:
        return found.marker
    data = marker.model_dump_json(by_alias=True, exclude_none=True).encode()
    store.create(f"{key}/{done_name(secrets.token_hex(8))}", data)
    # Of writers at the same moment each puts one; from now on all take the same.
    found = find(store, key, belief)
    return marker if found is None else found.marker


def mark_damaged(store: ObjectStore, key: str, mark: str, note: DamageNote) -> None:
    """Void a marker; whoever was first to say so is enough."""
    store.create(f"{key}/{damaged_name(mark)}", note.model_dump_json(by_alias=True).encode())


def verified(store: ObjectStore, key: str, belief: Belief = lambda _: True) -> Marker | None:
    """The first marker whose every byte is still right; those before it are voided."""
    return proven(store, key, look(store, key, belief))


def proven(store: ObjectStore, key: str, seen: Look) -> Marker | None:
    """The same, of what was found already."""
    for found in seen.found:
        try:
            verify_folder(store, found.marker.folder, found.marker.manifest_digest)
        except Damaged as damage:
            mark_damaged(store, key, found.mark, damage.note)
        else:
            return found.marker
    return None


def _read(store: ObjectStore, key: str) -> Marker | None:
    """A marker, whichever version wrote it, or None for anything else."""
    try:
        data = store.read_part(key, 0, MARKER_BYTES_MAX + 1)
        if len(data) > MARKER_BYTES_MAX:
            return None
        marker = Marker.parse_stored(json.loads(data))
        checked_key(marker.folder)
    except (FileNotFoundError, ValueError, TypeError, AttributeError, RecursionError, InputWrong):
        return None
    return marker
