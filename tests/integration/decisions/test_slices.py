"""Where a Service of ours leads is written by controllers alone, whatever labels a slice leaves out."""

from collections.abc import Callable

import pytest

from support.teamspace import Raw
from support.tricks import OURS, Trick, slice_of

OWN = "name a Service of your own"
SUBSET = {"addresses": [{"ip": "10.9.9.9"}], "ports": [{"port": 80}]}
ENDPOINTS: Raw = {"metadata": {"name": "live"}, "subsets": [SUBSET]}
SERVICE_NAME = "kubernetes.io/service-name"
TRICKS = [
    Trick("wanda", "POST endpointslices", slice_of("live", "mine"), OWN),
    Trick("wanda", "POST endpointslices", slice_of("live", "mine", **OURS), OWN),
    Trick("wanda", "PATCH endpointslices/own", {"metadata": {"labels": {SERVICE_NAME: "live"}}}, OWN),
    Trick("wanda", "PATCH endpointslices/forged-before", {"metadata": {"labels": {SERVICE_NAME: "x"}}}, OWN),
    Trick("wanda", "DELETE endpointslices/forged-before", None, OWN),
    Trick("wanda", "DELETE endpointslices", None, OWN),
    Trick("wanda", "POST endpoints", ENDPOINTS, OWN),
    Trick("erin", "POST endpointslices", slice_of("live", "mine"), "cannot create"),
    Trick("wanda", "POST endpointslices", slice_of("theirs", "mine")),
    Trick("wanda", "PATCH endpointslices/own", {"metadata": {"labels": {"team": "a"}}}),
    Trick("wanda", "POST endpoints", ENDPOINTS | {"metadata": {"name": "theirs"}}),
    Trick("endpointslice-controller", "POST endpointslices", slice_of("live", "mine", **OURS)),
    Trick("endpointslice-controller", "DELETE endpointslices/forged-before"),
    Trick("generic-garbage-collector", "DELETE endpointslices/forged-before"),
    Trick("namespace-controller", "DELETE endpointslices/forged-before"),
]  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS, ids=str)
def test_nobody_leads_our_service_elsewhere(attempt: Callable[[Trick], None], trick: Trick) -> None:
    attempt(trick)
