"""Recognising an image archive by what it holds."""

import tarfile
from pathlib import Path

import pytest

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.images import content_identity, pause_archive


def write(path: Path, program: bytes) -> Path:
    path.write_bytes(pause_archive(program, "x86_64"))
    return path


def test_equal_images_have_one_identity_and_others_another(tmp_path: Path) -> None:
    one = content_identity(write(tmp_path / "one.tar", b"program"))
    assert content_identity(write(tmp_path / "two.tar", b"program")) == one
    assert content_identity(write(tmp_path / "three.tar", b"other")) != one


def test_what_is_no_image_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("text")
    with pytest.raises(LocalClusterError, match=r"text\.tar is no readable tar"):
        content_identity(tmp_path / "text.tar")
    with tarfile.open(tmp_path / "plain.tar", "w") as archive:
        archive.add(tmp_path / "text.tar", "text")
    with pytest.raises(LocalClusterError, match=r"plain\.tar is neither"):
        content_identity(tmp_path / "plain.tar")
    with pytest.raises(LocalClusterError, match="absent"):
        content_identity(tmp_path / "absent.tar")
