"""Both stores against the same promises; S3 is a real server."""

import hashlib
import os
import signal
import threading
from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_api.contracts.envelope import StoreSettings
from sluice_api.contracts.manifests import Marker
from sluice_api.errors import InputWrong
from sluice_localcluster import S3Server
from sluice_store import markers
from sluice_store.files import Damaged, describe_folder, fetch_folder, upload_folder, verify_folder
from sluice_store.open import open_for, open_store
from support.killed_upload import upload_and_die

MEGABYTE = 1024 * 1024


def folder_with(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return path


def marker(folder: str, digest: str) -> Marker:
    return Marker(folder=folder, manifest_digest=digest, created_at="2026-01-01T00:00:00Z")


def test_objects_come_back_as_they_went(store_settings: StoreSettings, tmp_path: Path) -> None:
    store = open_store(store_settings)
    store.write("a/b.json", b"one")
    before = store.etag("a/b.json")
    store.write("a/b.json", b"two")
    assert store.read("a/b.json") == b"two"
    assert store.etag("a/b.json") != before
    assert store.sha256("a/b.json") == hashlib.sha256(b"two").hexdigest()
    store.delete("a/b.json")
    store.delete("a/b.json")
    assert store.etag("a/b.json") is None
    for missing in (store.read, store.sha256, lambda k: store.download(k, tmp_path / "x")):
        with pytest.raises(FileNotFoundError):
            missing("a/b.json")
    assert not (tmp_path / "x").exists()


def test_a_part_ends_where_the_object_ends(store_settings: StoreSettings) -> None:
    store = open_store(store_settings)
    store.write("a/b.bin", b"0123456789")
    parts = ((0, 3, b"012"), (8, 5, b"89"), (4, 0, b""), (10, 1, b""), (0, 10, b"0123456789"))
    assert [store.read_part("a/b.bin", start, length) for start, length, _ in parts] == [p[2] for p in parts]
    with pytest.raises(FileNotFoundError):
        store.read_part("a/none.bin", 0, 1)


def test_create_never_replaces_and_knows_its_own_bytes(store_settings: StoreSettings) -> None:
    store = open_store(store_settings)
    assert store.create("k/done-0.json", b"first")
    assert not store.create("k/done-0.json", b"second")
    assert store.create("k/done-0.json", b"first")
    assert store.read("k/done-0.json") == b"first"


def test_list_means_a_folder_and_not_a_prefix(store_settings: StoreSettings) -> None:
    store = open_store(store_settings)
    for key in ("step-1/a", "step-1/b/c", "step-10/a"):
        store.write(key, b"x")
    assert list(store.list("step-1")) == ["step-1/a", "step-1/b/c"]
    assert list(store.list("")) == ["step-1/a", "step-1/b/c", "step-10/a"]
    assert list(store.list("nothing")) == []


def test_list_goes_on_after_the_first_page(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3_server.env.items():
        monkeypatch.setenv(name, value)
    folder = folder_with(s3_server.data / "sluice" / "many", {f"k{n:04d}": b"" for n in range(1003)})
    settings = StoreSettings(root="s3://sluice/many", endpoint=s3_server.endpoint, region=s3_server.region)
    assert len(list(open_store(settings).list(""))) == len(list(folder.iterdir())) == 1003


def test_X07_a_folder_of_large_and_small_files_survives_the_way_there_and_back(
    store_settings: StoreSettings, tmp_path: Path
) -> None:
    store = open_store(store_settings)
    files = {"model.safetensors": os.urandom(20 * MEGABYTE), "sub/config.json": b"{}", "empty.txt": b""}
    there = upload_folder(store, folder_with(tmp_path / "local", files), "train/h/pod", {"kind": "test"})
    back = fetch_folder(store, "train/h/pod", there.digest, tmp_path / "back")
    assert back.digest == there.digest
    assert {name: (tmp_path / "back" / name).read_bytes() for name in files} == files


def test_only_what_is_wanted_is_fetched(store_settings: StoreSettings, tmp_path: Path) -> None:
    store = open_store(store_settings)
    local = folder_with(tmp_path / "local", {"a": b"a", "b": b"b"})
    manifest = upload_folder(store, local, "f", {})
    fetch_folder(store, "f", manifest.digest, tmp_path / "back", only={"b"})
    assert [p.name for p in (tmp_path / "back").iterdir()] == ["b"]


def test_X03_a_flipped_byte_is_refused_and_nothing_of_that_file_appears(
    store_settings: StoreSettings, tmp_path: Path
) -> None:
    store = open_store(store_settings)
    manifest = upload_folder(store, folder_with(tmp_path / "local", {"w": b"weights"}), "f", {})
    store.write("f/w", b"wEights")
    with pytest.raises(InputWrong) as caught:
        fetch_folder(store, "f", manifest.digest, tmp_path / "back")
    assert caught.value.reason is reasons.ARTIFACT_DIGEST_MISMATCH
    assert not [p for p in (tmp_path / "back").rglob("*") if p.is_file()]


@pytest.mark.parametrize("store_settings", ["s3"], indirect=True)
def test_X03_a_byte_that_changed_below_the_server_is_damage_and_no_outage(
    store_settings: StoreSettings, s3_server: S3Server, tmp_path: Path
) -> None:
    store = open_store(store_settings)
    manifest = upload_folder(store, folder_with(tmp_path / "local", {"w": b"weights"}), "f", {})
    with (s3_server.data / "sluice" / tmp_path.name / "f" / "w").open("r+b") as file:
        file.write(b"W")
    with pytest.raises(Damaged, match="f/w: expected sha256"):
        fetch_folder(store, "f", manifest.digest, tmp_path / "back")
    with pytest.raises(Damaged, match="f/w: expected sha256"):
        verify_folder(store, "f", manifest.digest)


@pytest.mark.parametrize("step", ["third file", "third part", "manifest"])
def test_X07_a_killed_upload_leaves_no_marker_and_the_second_try_yields_the_same_digest(
    store_settings: StoreSettings, tmp_path: Path, step: str
) -> None:
    if store_settings.root.startswith("file:"):
        step = {"third part": "copy"}.get(step, step)  # a local folder knows no parts
    sizes = (36 * MEGABYTE, 10, 20, 30)
    local = folder_with(tmp_path / "local", {f"w-{n}": os.urandom(size) for n, size in enumerate(sizes)})
    assert upload_and_die(store_settings, local, "train/h/first", step) == -signal.SIGKILL
    store = open_store(store_settings)
    assert "train/h/first/manifest.json" not in list(store.list("train/h"))
    assert markers.find(store, "train/h") is None
    manifest = upload_folder(store, local, "train/h/second", {})
    assert manifest == describe_folder(local, {})
    markers.publish(store, "train/h", marker("train/h/second", manifest.digest))
    found = markers.verified(store, "train/h")
    assert found is not None
    assert (found.folder, found.manifest_digest) == ("train/h/second", manifest.digest)


def test_X07_after_a_real_race_all_readers_take_the_same_marker(store_settings: StoreSettings) -> None:
    store = open_store(store_settings)
    barrier = threading.Barrier(6)
    winners: list[str] = []

    def write(number: int) -> None:
        mine = marker(f"pack/h/{number}", f"sha256:{number:064d}")
        barrier.wait()
        winners.append(markers.publish(store, "pack/h", mine).folder)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 6
    found = markers.find(store, "pack/h")
    assert found is not None
    assert found.marker.folder in winners
    assert markers.publish(store, "pack/h", marker("pack/h/late", "sha256:" + "0" * 64)) == found.marker


def test_read_prefixes_open_what_they_name_and_nothing_beside_it(
    store_settings: StoreSettings, tmp_path: Path
) -> None:
    open_store(store_settings).write("shared/a", b"x")
    open_store(store_settings).write("private/a", b"x")
    reader = store_settings.model_copy(
        update={"root": f"{store_settings.root}/mine", "read_prefixes": (f"{store_settings.root}/shared",)}
    )
    store, key = open_for(f"{store_settings.root}/shared/a", reader)
    assert store.read(key) == b"x"
    with pytest.raises(InputWrong) as caught:
        open_for(f"{store_settings.root}/private/a", reader)
    assert caught.value.reason is reasons.LOCATOR_NOT_ALLOWED
