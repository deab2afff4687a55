"""Kernel settings come back as they were before the first cluster."""

from pathlib import Path

import pytest

from sluice_localcluster import kernel


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "sys"
    for name in kernel._SETTINGS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("before\n")
    monkeypatch.setattr(kernel, "_ROOT", root)
    return root


def test_settings_come_back_and_the_record_goes(settings: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    kernel.remember(record)
    (settings / "kernel/panic").write_text("10\n")
    kernel.remember(record)  # a second start must not take the changed value for the original
    kernel.restore(record)
    assert (settings / "kernel/panic").read_text() == "before\n"
    assert not record.exists()


def test_nothing_remembered_is_nothing_changed(settings: Path, tmp_path: Path) -> None:
    kernel.restore(tmp_path / "record.json")
    assert (settings / "kernel/panic").read_text() == "before\n"
