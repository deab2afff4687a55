"""Completion markers: `done-<k>.json` names the winning folder, `damaged-<k>.json` voids it.

Readers trust only the marker with the highest k and verify what they read. A writer that wakes late can only
fill a folder that nobody reads.
"""

from pydantic import ValidationError

from sluice_api import reasons
from sluice_api.contracts.manifests import DamageNote, Marker
from sluice_api.errors import DependencyUnavailable, InputWrong
from sluice_api.layout import damaged_name, done_name, done_number
from sluice_store.base import ObjectStore
from sluice_store.files import Damaged, verify_folder

_RACES = 16


def newest(store: ObjectStore, key: str) -> tuple[int, Marker] | None:
    """The marker with the highest number, or None when there is none or it is voided."""
    number, marker = _look(store, key)
    return None if number is None or marker is None else (number, marker)


def publish(store: ObjectStore, key: str, marker: Marker) -> Marker:
    """Put a marker under the next free number. Returns the one that holds: ours, or who was first."""
    data = marker.model_dump_json(by_alias=True, exclude_none=True).encode()
    for _ in range(_RACES):
        # One look decides both: a second one could see a marker that came between, and step over it.
        number, winner = _look(store, key)
        if winner is not None:
            return winner
        if store.create(f"{key}/{done_name(0 if number is None else number + 1)}", data):
            return marker
    raise DependencyUnavailable(
        reasons.STORAGE_UNAVAILABLE, f"{key}: {_RACES} markers were taken and voided while we wrote ours"
    )


def mark_damaged(store: ObjectStore, key: str, number: int, note: DamageNote) -> None:
    """Void a marker; whoever was first to say so is enough."""
    store.create(f"{key}/{damaged_name(number)}", note.model_dump_json(by_alias=True).encode())


def verified(store: ObjectStore, key: str) -> Marker | None:
    """The newest marker, if every byte that it stands for is still right; else it is voided and None."""
    found = newest(store, key)
    if found is None:
        return None
    number, marker = found
    try:
        verify_folder(store, marker.folder, marker.manifest_digest)
    except Damaged as damage:
        mark_damaged(store, key, number, damage.note)
        return None
    return marker


def _look(store: ObjectStore, key: str) -> tuple[int | None, Marker | None]:
    """The highest number in use, and its marker unless that is voided."""
    names = (k.removeprefix(f"{key}/") for k in store.list(key))
    numbers = (done_number(name) for name in names if "/" not in name)
    number = max((n for n in numbers if n is not None), default=None)
    if number is None or store.etag(f"{key}/{damaged_name(number)}") is not None:
        return number, None
    return number, _read(store, f"{key}/{done_name(number)}")


def _read(store: ObjectStore, key: str) -> Marker:
    try:
        return Marker.model_validate_json(store.read(key))
    except ValidationError as error:
        raise InputWrong(
            reasons.ARTIFACT_DIGEST_MISMATCH, f"{key} is not a completion marker; somebody else wrote it"
        ) from error
