"""The networks of a cluster."""

from itertools import combinations

import pytest

from sluice_localcluster.addresses import Addresses, choose_slot
from sluice_localcluster.errors import LocalClusterError


@pytest.mark.parametrize("slot", [0, 1, 31])
def test_the_parts_of_a_cluster_are_apart_and_inside_its_slot(slot: int) -> None:
    addresses = Addresses(slot)
    parts = [addresses.services, addresses.pods, addresses.link]
    assert all(part.subnet_of(addresses.whole) for part in parts)
    assert not any(one.overlaps(other) for one, other in combinations(parts, 2))
    assert addresses.node != addresses.host


def test_two_clusters_share_no_address() -> None:
    assert not Addresses(0).whole.overlaps(Addresses(1).whole)


def test_a_slot_that_the_machine_uses_is_passed_over() -> None:
    used = ["127.0.0.0/8", "192.168.1.7", str(Addresses(0).pods), str(Addresses(2).whole)]
    assert choose_slot([]) == 0
    assert choose_slot(used) == 1


def test_a_machine_without_a_free_slot_is_told() -> None:
    with pytest.raises(LocalClusterError, match=r"198\.18\.0\.0/15 is in use"):
        choose_slot(["198.0.0.0/8"])
