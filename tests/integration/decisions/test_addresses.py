"""No Service takes over the address of another, from whatever namespace."""

from collections.abc import Callable

import pytest

from support.teamspace import Raw
from support.tricks import Trick, made

TAKEN = "would take over traffic of other Services"
INSIDE, OUTSIDE = "10.96.0.77", "192.0.2.7"


def service(*addresses: str, **more: str) -> Raw:
    spec = {"ports": [{"port": 80}], "externalIPs": list(addresses), **more}
    return made("Service", "mine", spec, "v1")


def balanced(address: str) -> Raw:
    return {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}}


TRICKS = [
    Trick("nina", "POST services", service(INSIDE), TAKEN, elsewhere=True),
    Trick("nina", "POST services", service(OUTSIDE, INSIDE), TAKEN, elsewhere=True),
    Trick("nina", "POST services", service(INSIDE, type="LoadBalancer"), TAKEN, elsewhere=True),
    Trick("erin", "PATCH services/theirs", {"spec": {"externalIPs": [INSIDE]}}, TAKEN),
    Trick("erin", "POST services", service("010.96.0.077"), "010.96.0.077"),
    Trick("root", "POST services", service(INSIDE), TAKEN),
    Trick("root", "PATCH services/balanced/status", balanced(INSIDE), TAKEN),
    Trick("root", "PATCH services/balanced/status", balanced(OUTSIDE)),
    Trick("nina", "POST services", service(OUTSIDE), elsewhere=True),
    Trick("nina", "POST services", service(), elsewhere=True),
    Trick("erin", "PATCH services/theirs", {"spec": {"ports": [{"port": 81}]}}),
]


@pytest.mark.parametrize("trick", TRICKS, ids=str)
def test_no_service_takes_over_an_address_of_the_cluster(
    attempt: Callable[[Trick], None], trick: Trick
) -> None:
    attempt(trick)
