"""What ctr says about images, and the sandbox image."""

import io
import json
import tarfile

from sluice_localcluster.images import parse_import, parse_list, pause_archive
from sluice_localcluster.node import PAUSE_IMAGE

DIGEST = "sha256:" + "0a" * 32


def test_what_was_imported_is_read_from_ctr() -> None:
    output = f"unpacking localhost/app:1 ({DIGEST})...done\nsomething else\n"
    assert parse_import(output) == [f"localhost/app:1 {DIGEST}"]
    assert parse_import("nothing") == []


def test_an_image_counts_as_there_only_with_its_digest() -> None:
    table = (
        "REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
        f"localhost/app:1 application/vnd.oci.image.manifest.v1+json {DIGEST} 1.9 MiB linux/amd64 -\n"
    )
    assert parse_list(table) == {f"localhost/app:1 {DIGEST}"}
    assert parse_list("REF TYPE DIGEST SIZE PLATFORMS LABELS\n") == set()


def test_the_sandbox_image_holds_one_program_and_runs_as_nobody() -> None:
    archive = pause_archive(b"program", "aarch64")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        config = json.load(files.extractfile("config.json"))
        manifest = json.load(files.extractfile("manifest.json"))
        with tarfile.open(fileobj=files.extractfile("layer.tar")) as layer:
            assert [(entry.name, entry.mode) for entry in layer] == [("pause", 0o755)]
    assert config["architecture"] == "arm64"
    assert config["config"]["User"] == "65535:65535"
    assert manifest[0]["RepoTags"] == [PAUSE_IMAGE]


def test_the_sandbox_image_is_the_same_every_time() -> None:
    assert pause_archive(b"program", "x86_64") == pause_archive(b"program", "x86_64")
