"""Where a cluster's data may lie."""

from pathlib import Path

import pytest

from sluice_localcluster import paths
from sluice_localcluster.errors import LocalClusterError


@pytest.mark.parametrize("folder", ["/run/sluice", "/var/lib/sluice/demo", "/var/log/x"])
def test_folders_that_the_node_replaces_are_refused(folder: str) -> None:
    with pytest.raises(LocalClusterError, match="set SLUICE_STATE"):
        paths.refuse_hidden(Path(folder))


def test_each_cluster_has_its_folder_below_the_chosen_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_STATE", "/data/clusters")
    assert paths.state_folder("demo") == Path("/data/clusters/demo")
    monkeypatch.delenv("SLUICE_STATE")
    paths.refuse_hidden(paths.state_folder("demo"))


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_CACHE", "/data/cache")
    assert paths.cache_folder() == Path("/data/cache")
    monkeypatch.delenv("SLUICE_CACHE")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert paths.cache_folder() == Path("/home/somebody/.cache/sluice")
