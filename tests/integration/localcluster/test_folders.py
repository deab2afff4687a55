"""A state folder belongs to its user alone."""

from pathlib import Path

import pytest

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.lock import exclusive_folder
from sluice_localcluster.paths import own_folder


def test_nobody_else_may_look_inside(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    assert own_folder(tmp_path / "open").stat().st_mode & 0o777 == 0o700
    assert own_folder(tmp_path / "new" / "one").stat().st_mode & 0o777 == 0o700


def test_a_planted_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(LocalClusterError, match="is a link or belongs to"):
        own_folder(tmp_path / "link")


def test_a_locked_folder_may_be_removed_by_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive_folder(tmp_path / "locked", "busy"):
            (tmp_path / "locked").rmdir()
    assert not (tmp_path / "locked").exists()
