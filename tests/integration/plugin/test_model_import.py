"""model import: a folder becomes a base model under a digest, once and for all."""

import json
from pathlib import Path

import pytest

from sluice_plugin.__main__ import main
from sluice_store import markers
from sluice_store.files import verify_folder
from sluice_store.local import LocalStore


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder as a hub's cache has it: links to blobs, and files that nobody serves."""
    folder, blobs = tmp_path / "snapshot", tmp_path / "blobs"
    folder.mkdir()
    blobs.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (blobs / name).write_bytes(name.encode())
        (folder / name).symlink_to(blobs / name)
    (folder / "README.md").write_text("a model")
    return folder


def imported(source: Path, store: LocalStore, *more: str) -> int:
    root = store.root.as_uri()
    return main(["model", "import", str(source), "--name", "tiny", "--root", root, "-o", "json", *more])


def test_a_folder_is_found_under_its_name_and_digest(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")
    assert imported(source, store) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["uri"] == f"{store.root.as_uri()}/models/tiny"
    marker = markers.verified(store, "models/tiny")
    assert marker is not None
    assert marker.manifest_digest == told["digest"]
    manifest = verify_folder(store, "models/tiny", told["digest"])
    assert [f.path for f in manifest.files] == ["config.json", "model.safetensors", "tokenizer.json"]
    assert imported(source, store) == 0
    assert json.loads(capsys.readouterr().out) == told
    assert "models/tiny/done-1.json" not in list(store.list(""))


def test_another_model_under_the_same_name_is_refused_and_changes_nothing(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")
    imported(source, store)
    digest = json.loads(capsys.readouterr().out)["digest"]
    (tmp_path / "blobs" / "model.safetensors").write_bytes(b"other")
    assert imported(source, store) == 1
    assert "choose another --name" in capsys.readouterr().err
    verify_folder(store, "models/tiny", digest)


def test_a_damaged_model_is_imported_again(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")
    imported(source, store)
    digest = json.loads(capsys.readouterr().out)["digest"]
    store.write("models/tiny/model.safetensors", b"damaged")
    assert imported(source, store) == 0
    verify_folder(store, "models/tiny", digest)
    assert markers.newest(store, "models/tiny") is not None


@pytest.mark.parametrize("name", ["Tiny", "a/b", "../x", "x" * 41])
def test_a_name_that_is_no_name_is_refused(source: Path, tmp_path: Path, name: str) -> None:
    store = LocalStore(tmp_path / "store")
    root = store.root.as_uri()
    assert main(["model", "import", str(source), "--name", name, "--root", root]) == 1
    assert not store.root.exists()


def test_something_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported(tmp_path / "model.onnx", LocalStore(tmp_path / "store")) == 1
    assert "neither a folder nor a .gguf file" in capsys.readouterr().err
