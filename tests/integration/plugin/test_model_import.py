"""model import: a folder becomes a base model under a digest, once and for all."""

import json
import os
from pathlib import Path

import pytest

from sluice_plugin.__main__ import main
from sluice_store import markers
from sluice_store.files import verify_folder
from sluice_store.local import LocalStore
from support.modelfolder import CONFIG, safetensors, two_tensors, write_model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A snapshot as a hub's cache has it: links to blobs, and files that nobody serves."""
    folder, blobs = tmp_path / "models--a--b" / "snapshots" / "rev", tmp_path / "models--a--b" / "blobs"
    folder.mkdir(parents=True)
    whole = write_model(tmp_path / "whole")
    blobs.mkdir()
    for path in whole.iterdir():
        path.rename(blobs / path.name)
        (folder / path.name).symlink_to(Path("..") / ".." / "blobs" / path.name)
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
    assert told["leftOut"] == ["README.md"]
    assert imported(source, store) == 0
    assert json.loads(capsys.readouterr().out) == told
    assert len([key for key in store.list("models/tiny") if "/done-" in key]) == 1


def test_another_model_under_the_same_name_is_refused_and_changes_nothing(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")
    imported(source, store)
    digest = json.loads(capsys.readouterr().out)["digest"]
    (source.parent.parent / "blobs" / "config.json").write_text(json.dumps(CONFIG | {"eos_token_id": 3}))
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
    assert markers.find(store, "models/tiny") is not None


@pytest.mark.parametrize("name", ["Tiny", "a/b", "../x", "x" * 41])
def test_a_name_that_is_no_name_is_refused(source: Path, tmp_path: Path, name: str) -> None:
    store = LocalStore(tmp_path / "store")
    root = store.root.as_uri()
    assert main(["model", "import", str(source), "--name", name, "--root", root]) == 1
    assert not store.root.exists()


def test_something_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported(tmp_path / "model.onnx", LocalStore(tmp_path / "store")) == 1
    assert "neither a folder nor a .gguf file" in capsys.readouterr().err


def refused(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the import says when it refuses, having written nothing."""
    store = LocalStore(tmp_path / "store")
    assert imported(source, store) == 1
    assert not store.root.exists() or list(store.list("")) == []
    return capsys.readouterr().err


def test_the_index_decides_and_the_other_form_of_the_weights_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = {"model-00001-of-00001.safetensors": two_tensors()}
    index = {"weight_map": dict.fromkeys("ab", "model-00001-of-00001.safetensors")}
    folder = write_model(tmp_path / "model", consolidated__safetensors=two_tensors(), **shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "/somewhere/else"}')
    (folder / "original").mkdir()
    store = LocalStore(tmp_path / "store")
    assert imported(folder, store) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["leftOut"] == ["adapter_config.json", "consolidated.safetensors", "original"]
    kept = {key.removeprefix("models/tiny/") for key in store.list("models/tiny")}
    assert {"config.json", "model-00001-of-00001.safetensors"} <= kept
    assert not kept & set(told["leftOut"])


@pytest.mark.parametrize("linked", ["file", "folder", "blobs", "snapshots", "dotdot", "proc", "loop", "gone"])
def test_a_link_out_of_the_folder_is_refused(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], linked: str
) -> None:
    secret = tmp_path / "home" / "tokenizer_config.json"
    secret.parent.mkdir()
    secret.write_text('{"errors": "replace"}')
    place = source / secret.name
    if linked == "file":
        place.symlink_to(secret)
    elif linked == "folder":
        (source / "inside").symlink_to(secret.parent)
        place.symlink_to(Path("inside") / secret.name)
    elif linked == "blobs":
        blobs = source.parent.parent / "blobs"
        blobs.rename(tmp_path / "moved")
        blobs.symlink_to(secret.parent)
    elif linked == "snapshots":
        place.symlink_to(Path("..") / ".." / ".." / "home" / secret.name)
    elif linked == "dotdot":
        place.symlink_to(source.parent / ".." / ".." / "home" / secret.name)
    elif linked == "proc":
        place.symlink_to("/proc/self/environ")
    elif linked == "loop":
        place.symlink_to(place.name)
    else:
        place.symlink_to("nowhere")
    said = refused(source, tmp_path, capsys)
    assert "is a link" in said


def test_what_is_no_regular_file_is_refused(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(source / "generation_config.json")
    assert "no regular file" in refused(source, tmp_path, capsys)
    (source / "generation_config.json").unlink()
    (source / "generation_config.json").mkdir()
    assert "no regular file" in refused(source, tmp_path, capsys)


def test_a_broken_model_never_reaches_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    weights = safetensors({"x": entry, "y": entry}, bytes(8))
    folder = write_model(tmp_path / "model", model__safetensors=weights)
    assert "overlaps the tensor before it" in refused(folder, tmp_path, capsys)


def test_a_model_that_asks_for_code_never_reaches_the_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_model(tmp_path / "model", config__json=CONFIG | {"attn_implementation": "org/kernel"})
    assert "names code to run" in refused(folder, tmp_path, capsys)
