"""Keys, locators and manifests, decided over a store in memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api import reasons
from sluice_api.contracts.envelope import StoreSettings
from sluice_api.errors import InputWrong
from sluice_api.hashing import digest_of_bytes
from sluice_store.base import checked_key
from sluice_store.files import Damaged, manifest_bytes, read_manifest, verify_folder
from sluice_store.local import LocalStore
from sluice_store.open import open_for
from support.memorystore import MemoryStore, stored_folder

BAD_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/..", ".", "a\\b", "a\nb", "a\x00b", "a/" + "b" * 256]
SETTINGS = StoreSettings(root="s3://bucket/team/ns", read_prefixes=("s3://shared/models/",))


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
