"""How an image is described to containerd."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from sluice_images.runtime import chain_ids, index_archive, writable_folder
from sluice_images.store import StoredImage
from sluice_localcluster.errors import LocalClusterError

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")


def test_each_layer_is_named_by_itself_and_all_below_it() -> None:
    second = "sha256:" + hashlib.sha256(f"{A} {B}".encode()).hexdigest()
    third = "sha256:" + hashlib.sha256(f"{second} {C}".encode()).hexdigest()
    assert chain_ids([A, B, C]) == [A, second, third]


def test_the_folder_of_a_snapshot_is_read_from_both_kinds_of_mount() -> None:
    first = "mount -t bind /var/x/snapshots/1/fs /unused -o rw,rbind"
    later = (
        "mount -t overlay overlay /unused -o index=off,workdir=/x/2/work,upperdir=/x/2/fs,lowerdir=/x/1/fs"
    )
    assert writable_folder(first) == Path("/var/x/snapshots/1/fs")
    assert writable_folder(later) == Path("/x/2/fs")


def test_a_mount_without_a_folder_is_refused() -> None:
    with pytest.raises(LocalClusterError, match="names no folder"):
        writable_folder("mount -t tmpfs tmpfs /unused")


def test_the_archive_names_manifest_and_configuration_by_their_content() -> None:
    image = StoredImage(b'{"manifest": 1}', b'{"config": 1}', ())
    with tarfile.open(fileobj=io.BytesIO(index_archive("localhost/app:1", image))) as archive:
        content = {member.name: archive.extractfile(member).read() for member in archive}
    entry = json.loads(content["index.json"])["manifests"][0]
    assert entry["annotations"] == {"io.containerd.image.name": "localhost/app:1"}
    assert content[f"blobs/sha256/{entry['digest'].removeprefix('sha256:')}"] == image.manifest
    assert entry["size"] == len(image.manifest)
    assert content[f"blobs/sha256/{hashlib.sha256(image.config).hexdigest()}"] == image.config
