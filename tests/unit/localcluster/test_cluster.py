"""A cluster as a value: names, components, fingerprints."""

import pytest

from sluice_localcluster import down
from sluice_localcluster.cluster import check_name
from sluice_localcluster.components import Plane, apiserver, controller_manager, etcd, scheduler
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.namespaces import link_name

LONGEST = "a23456789012"


@pytest.mark.parametrize("name", ["a", "sluice", "demo-2", LONGEST])
def test_good_names_fit_the_kernels_limit(name: str) -> None:
    assert len(link_name(check_name(name))) <= 15


@pytest.mark.parametrize("name", ["", "A", "1st", "-a", "a-", "a_b", "../x", LONGEST + "3", "a\n"])
def test_bad_names_are_refused_with_the_rule(name: str) -> None:
    with pytest.raises(LocalClusterError, match="at most 12"):
        check_name(name)


def test_the_api_server_stops_before_its_store(tmp_path) -> None:
    plane = Plane(tmp_path, tmp_path)
    names = [make(plane).name for make in (scheduler, controller_manager, apiserver, etcd)]
    order = (*down._FIRST, *down._THEN)
    assert sorted(names, key=order.index) == names
