"""Markers, decided over a store in memory that others write to as well."""

import json
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api.contracts.manifests import DamageNote, Marker
from sluice_store import markers
from sluice_store.markers import MARKER_BYTES_MAX
from support.memorystore import MemoryStore, stored_folder

KEY = "pack/h"
NOTE = DamageNote(path="pack/h/a/x", expected="sha256:" + "0" * 64)


def marker(folder: str, digest: str = "sha256:" + "0" * 64) -> Marker:
    return Marker(folder=folder, manifest_digest=digest, created_at="2026-01-01T00:00:00Z")


def found(store: MemoryStore) -> markers.Found:
    one = markers.find(store, KEY)
    assert one is not None
    return one


def test_the_first_marker_stays_and_the_second_writer_learns_of_it() -> None:
    store = MemoryStore()
    first, second = marker("pack/h/a"), marker("pack/h/b")
    assert markers.publish(store, KEY, first) == first
    assert markers.publish(store, KEY, second) == first
    assert found(store).marker == first
    assert len(store.objects) == 1


def test_a_voided_marker_is_followed_by_another() -> None:
    store = MemoryStore()
    markers.publish(store, KEY, marker("pack/h/a"))
    mark = found(store).mark
    markers.mark_damaged(store, KEY, mark, NOTE)
    markers.mark_damaged(store, KEY, mark, NOTE.model_copy(update={"path": "pack/h/a/y"}))
    assert markers.find(store, KEY) is None
    assert markers.publish(store, KEY, marker("pack/h/b")).folder == "pack/h/b"
    assert found(store).marker == marker("pack/h/b")


def test_X07_after_many_writers_at_once_all_readers_take_the_same() -> None:
    store = MemoryStore()
    barrier = threading.Barrier(8)
    winners: list[str] = []

    def write(number: int) -> None:
        barrier.wait()
        winners.append(markers.publish(store, KEY, marker(f"pack/h/{number}")).folder)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 8
    assert found(store).marker.folder in winners
    assert markers.publish(store, KEY, marker("pack/h/late")) == found(store).marker


def test_X07_of_a_marker_that_came_while_we_looked_all_take_the_same() -> None:
    store, rival = MemoryStore(), marker("pack/h/rival")
    looked: list[str] = []
    look = store.list

    def list_then_lose(prefix: str) -> Iterator[str]:
        seen = list(look(prefix))
        if not looked:
            looked.append(prefix)
            assert markers.publish(store, KEY, rival) == rival
        return iter(seen)

    store.list = list_then_lose  # type: ignore[method-assign]
    assert markers.publish(store, KEY, marker("pack/h/late")) == found(store).marker


def test_verified_voids_a_marker_whose_files_changed_and_takes_the_next() -> None:
    store = MemoryStore()
    for folder in ("pack/h/a", "pack/h/b"):
        manifest = stored_folder(store, folder, {"x": b"x"})
        mine = marker(folder, manifest.digest)
        store.write(f"{KEY}/done-{folder[-1]}.json", json.dumps(mine.dump()).encode())
    assert markers.verified(store, KEY) == found(store).marker
    store.write("pack/h/a/x", b"y")
    after = markers.verified(store, KEY)
    assert after is not None
    assert after.folder == "pack/h/b"
    assert "pack/h/damaged-a.json" in store.objects


GOOD = marker("pack/h/a").dump()
JUNK = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"[" * 100_000,
    b"1" * 10_000,
    json.dumps(GOOD | {"folder": "../other"}).encode(),
    json.dumps(GOOD | {"folder": "x" * 300}).encode(),
    json.dumps(GOOD | {"manifestDigest": 7}).encode(),
    json.dumps(GOOD).encode() + b" " * MARKER_BYTES_MAX,
]


@pytest.mark.parametrize("junk", JUNK)
def test_S14_junk_in_the_place_of_a_marker_is_no_marker(junk: bytes) -> None:
    store = MemoryStore()
    store.write(f"{KEY}/done-0.json", junk)
    seen = markers.look(store, KEY)
    assert (seen.found, seen.ignored) == ((), (f"{KEY}/done-0.json",))
    manifest = stored_folder(store, "pack/h/b", {"x": b"x"})
    mine = marker("pack/h/b", manifest.digest)
    assert markers.publish(store, KEY, mine) == mine
    assert markers.verified(store, KEY) == mine


@given(st.binary(max_size=300))
def test_S14_no_bytes_stop_who_looks_for_a_marker(junk: bytes) -> None:
    store = MemoryStore()
    store.write(f"{KEY}/done-0.json", junk)
    assert markers.publish(store, KEY, marker("pack/h/b")).folder == "pack/h/b"


@pytest.mark.parametrize("planted", ["0", "999999", "99999999999999999999", "zzzz", "0" * 32, "z" * 32])
def test_S15_no_planted_name_hides_a_later_marker(planted: str) -> None:
    store = MemoryStore()
    store.write(f"{KEY}/done-{planted}.json", b"junk")
    store.write(f"{KEY}/damaged-{planted}.json", b"junk")
    assert markers.publish(store, KEY, marker("pack/h/b")).folder == "pack/h/b"
    assert found(store).marker.folder == "pack/h/b"


def test_a_marker_of_a_later_release_is_read() -> None:
    store = MemoryStore()
    store.write(f"{KEY}/done-0.json", json.dumps(GOOD | {"addedLater": {"a": 1}}).encode())
    assert found(store).marker == marker("pack/h/a")


def test_what_is_not_believed_is_no_marker() -> None:
    store = MemoryStore()
    markers.publish(store, KEY, marker("pack/h/theirs"))
    ours = marker("pack/h/ours")
    assert markers.publish(store, KEY, ours, lambda m: m.folder == ours.folder) == ours
    assert len(markers.look(store, KEY, lambda m: m.folder == ours.folder).ignored) == 1
