"""fetch: the init container of a slot, run as the program that it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sluice_api.contracts.envelope import StoreSettings
from sluice_store import s3
from sluice_store.files import upload_folder
from sluice_store.open import open_store
from sluice_trainer.__main__ import main


def artifact(settings: StoreSettings, tmp_path: Path) -> str:
    """A stored artifact; returns its digest."""
    local = tmp_path / "bundle"
    (local / "sub").mkdir(parents=True)
    (local / "model.safetensors").write_bytes(os.urandom(100_000))
    (local / "sub" / "config.json").write_text("{}")
    return upload_folder(open_store(settings), local, "package/h/pod", {"kind": "HuggingFace"}).digest


def request_file(settings: StoreSettings, tmp_path: Path, digest: str) -> Path:
    request = {
        "stage": "fetch",
        "namespace": "n",
        "owner": "o",
        "store": settings.dump(),
        "request": {
            "artifact": {"uri": "package/h/pod", "digest": digest},
            "destination": str(tmp_path / "model"),
        },
    }
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request))
    return path


def fetch(settings: StoreSettings, tmp_path: Path, digest: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Run the stage as a program; returns exit code and report."""
    path = request_file(settings, tmp_path, digest)
    argv = [sys.executable, "-m", "sluice_trainer", "fetch", "--request", str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, json.loads(done.stdout or "{}")


def files_in(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_F29_a_slot_gets_exactly_the_artifact_and_a_restart_gets_it_again(
    store_settings: StoreSettings, tmp_path: Path
) -> None:
    digest = artifact(store_settings, tmp_path)
    for _ in range(2):
        assert fetch(store_settings, tmp_path, digest)[0] == 0
        assert files_in(tmp_path / "model") == ["model.safetensors", "sub", "sub/config.json"]


def test_X03_F29_a_flipped_byte_is_refused_and_nothing_is_left(
    store_settings: StoreSettings, tmp_path: Path
) -> None:
    digest = artifact(store_settings, tmp_path)
    store = open_store(store_settings)
    data = bytearray(store.read("package/h/pod/model.safetensors"))
    data[5000] ^= 1
    store.write("package/h/pod/model.safetensors", bytes(data))
    code, report = fetch(store_settings, tmp_path, digest)
    assert (code, report["failure"]["reason"]) == (64, "artifact_digest_mismatch")
    assert files_in(tmp_path / "model") == []


def test_another_digest_than_the_manifests_is_refused(store_settings: StoreSettings, tmp_path: Path) -> None:
    artifact(store_settings, tmp_path)
    code, report = fetch(store_settings, tmp_path, "sha256:" + "0" * 64)
    assert (code, report["failure"]["reason"]) == (64, "artifact_digest_mismatch")


def test_a_folder_with_other_weights_is_refused(store_settings: StoreSettings, tmp_path: Path) -> None:
    digest = artifact(store_settings, tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old.safetensors").write_bytes(b"old")
    code, report = fetch(store_settings, tmp_path, digest)
    assert (code, report["failure"]["reason"]) == (64, "folder_not_empty")
    assert files_in(tmp_path / "model") == ["old.safetensors"]


def test_fetch_needs_no_torch(tmp_path: Path) -> None:
    script = (
        "import sys, sluice_trainer.__main__, sluice_trainer.stages.fetch; sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0


def test_F27_a_store_that_is_down_is_a_dependency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-value")
    monkeypatch.setattr(s3, "OUTER_WAITS_S", ())
    settings = StoreSettings(root="s3://bucket/ns", endpoint="http://127.0.0.1:9", region="us-east-1")
    assert main(["fetch", "--request", str(request_file(settings, tmp_path, "sha256:" + "0" * 64))]) == 69
    told = capfd.readouterr()
    assert json.loads(told.out)["failure"]["reason"] == "storage_unavailable"
    assert "planted-secret-value" not in told.out + told.err
    assert files_in(tmp_path / "model") == []
