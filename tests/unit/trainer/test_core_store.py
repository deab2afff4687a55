"""Keys, locators, manifests and markers, decided over a store in memory."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api import reasons
from sluice_api.contracts.envelope import StoreSettings
from sluice_api.contracts.manifests import DamageNote, FileEntry, FileManifest, Marker
from sluice_api.errors import InputWrong
from sluice_api.hashing import digest_of_bytes
from sluice_store import markers
from sluice_store.base import checked_key
from sluice_store.files import Damaged, manifest_bytes, read_manifest, verify_folder
from sluice_store.local import LocalStore
from sluice_store.open import open_for
from support.memorystore import MemoryStore

BAD_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/..", ".", "a\\b", "a\nb", "a\x00b", "a/" + "b" * 256]
SETTINGS = StoreSettings(root="s3://bucket/team/ns", read_prefixes=("s3://shared/models/",))


def marker(folder: str, digest: str = "sha256:" + "0" * 64) -> Marker:
    return Marker(folder=folder, manifest_digest=digest, created_at="2026-01-01T00:00:00Z")


def stored_folder(store: MemoryStore, folder: str, files: dict[str, bytes]) -> FileManifest:
    entries = tuple(
        FileEntry(path=p, sha256=digest_of_bytes(d).removeprefix("sha256:"), size_bytes=len(d))
        for p, d in files.items()
    )
    manifest = FileManifest(files=entries, details={"kind": "test"})
    for path, data in files.items():
        store.write(f"{folder}/{path}", data)
    store.write(f"{folder}/manifest.json", manifest_bytes(manifest))
    return manifest


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_could_mean_another_place_is_refused(key: str) -> None:
    with pytest.raises(InputWrong) as caught:
        checked_key(key)
    assert caught.value.reason is reasons.URI_MALFORMED


@given(st.text(max_size=40))
def test_no_key_climbs_out(key: str) -> None:
    try:
        checked_key(key)
    except InputWrong:
        return
    assert not key.startswith("/")
    assert ".." not in key.split("/")


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/team/ns-other/x",
        "s3://bucket/team/x",
        "s3://shared/models-private/x",
        "s3://shared/models/../secret",
        "s3://bucket/team/ns/../other/x",
        "file:///etc/passwd",
        "https://example.com/x",
        "../x",
    ],
)
def test_a_locator_outside_root_and_read_prefixes_is_refused(uri: str) -> None:
    with pytest.raises(InputWrong) as caught:
        open_for(uri, SETTINGS)
    assert caught.value.reason in (reasons.LOCATOR_NOT_ALLOWED, reasons.URI_MALFORMED)


def test_file_locators_may_be_percent_encoded_but_never_climb() -> None:
    settings = StoreSettings(root="file:///tmp/a%20b")
    store, key = open_for("file:///tmp/a%20b/c%20d", settings)
    assert isinstance(store, LocalStore)
    assert (str(store.root), key) == ("/tmp/a b", "c d")
    with pytest.raises(InputWrong):
        open_for("file:///tmp/a%20b/%2e%2e/x", settings)


def test_the_manifest_in_the_store_hashes_to_its_digest() -> None:
    manifest = stored_folder(MemoryStore(), "f", {"b.txt": b"b", "a.txt": b"a"})
    assert digest_of_bytes(manifest_bytes(manifest)) == manifest.digest


def test_X03_a_flipped_byte_a_missing_file_and_a_swapped_manifest_are_found() -> None:
    store = MemoryStore()
    manifest = stored_folder(store, "f", {"model.safetensors": b"weights", "config.json": b"{}"})
    assert verify_folder(store, "f", manifest.digest).digest == manifest.digest
    store.write("f/model.safetensors", b"wEights")
    with pytest.raises(Damaged) as caught:
        verify_folder(store, "f", manifest.digest)
    assert caught.value.note.path == "f/model.safetensors"
    assert caught.value.note.found == digest_of_bytes(b"wEights")
    store.delete("f/model.safetensors")
    with pytest.raises(Damaged, match="found nothing"):
        verify_folder(store, "f", manifest.digest)
    other = stored_folder(store, "f", {"model.safetensors": b"other"})
    with pytest.raises(Damaged, match=other.digest):
        read_manifest(store, "f", manifest.digest)


def test_a_missing_manifest_is_damage_only_when_a_digest_was_promised() -> None:
    with pytest.raises(Damaged):
        read_manifest(MemoryStore(), "f", "sha256:" + "0" * 64)
    with pytest.raises(FileNotFoundError):
        read_manifest(MemoryStore(), "f")


def test_the_first_marker_wins_and_the_second_writer_learns_who_won() -> None:
    store = MemoryStore()
    first, second = marker("pack/h/a"), marker("pack/h/b")
    assert markers.publish(store, "pack/h", first) == first
    assert markers.publish(store, "pack/h", second) == first
    assert markers.newest(store, "pack/h") == (0, first)


def test_a_voided_marker_is_followed_by_the_next_number() -> None:
    store = MemoryStore()
    markers.publish(store, "pack/h", marker("pack/h/a"))
    note = DamageNote(path="pack/h/a/x", expected="sha256:" + "0" * 64)
    markers.mark_damaged(store, "pack/h", 0, note)
    markers.mark_damaged(store, "pack/h", 0, note.model_copy(update={"path": "pack/h/a/y"}))
    assert markers.newest(store, "pack/h") is None
    assert markers.publish(store, "pack/h", marker("pack/h/b")).folder == "pack/h/b"
    assert markers.newest(store, "pack/h") == (1, marker("pack/h/b"))


def test_X07_of_many_writers_at_once_all_learn_of_the_same_winner() -> None:
    store = MemoryStore()
    barrier = threading.Barrier(8)
    winners: list[str] = []

    def write(number: int) -> None:
        barrier.wait()
        winners.append(markers.publish(store, "pack/h", marker(f"pack/h/{number}")).folder)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 8
    assert len(set(winners)) == 1
    assert sorted(store.objects) == ["pack/h/done-0.json"]


def test_X07_a_marker_that_comes_while_we_look_is_not_stepped_over() -> None:
    store, rival = MemoryStore(), marker("pack/h/rival")
    looked: list[str] = []
    look = store.list

    def list_then_lose(prefix: str) -> Iterator[str]:
        seen = list(look(prefix))
        if not looked:
            looked.append(prefix)
            assert markers.publish(store, "pack/h", rival) == rival
        return iter(seen)

    store.list = list_then_lose  # type: ignore[method-assign]
    assert markers.publish(store, "pack/h", marker("pack/h/late")) == rival
    assert sorted(store.objects) == ["pack/h/done-0.json"]


def test_verified_voids_a_marker_whose_files_changed() -> None:
    store = MemoryStore()
    manifest = stored_folder(store, "pack/h/a", {"x": b"x"})
    markers.publish(store, "pack/h", marker("pack/h/a", manifest.digest))
    assert markers.verified(store, "pack/h") is not None
    store.write("pack/h/a/x", b"y")
    assert markers.verified(store, "pack/h") is None
    assert "pack/h/damaged-0.json" in store.objects


def test_a_marker_that_is_none_is_no_success() -> None:
    store = MemoryStore()
    store.write("pack/h/done-0.json", b"{}")
    with pytest.raises(InputWrong) as caught:
        markers.newest(store, "pack/h")
    assert caught.value.reason is reasons.ARTIFACT_DIGEST_MISMATCH
