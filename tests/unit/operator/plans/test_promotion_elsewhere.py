"""EndpointSlices that lead a Service past its slot are removed, and told."""

import pytest

from sluice_operator.cache import Cache
from sluice_operator.model import Key
from sluice_operator.views import view_of
from support import objects
from support.simapi import Raw
from support.traffic import Traffic
from support.tricks import slice_of

LIVE = Key("team", "Deployment", "live")


def foreign(service: str, name: str = "mine", number: int = 900, **labels: str) -> Raw:
    found = slice_of(service, name, **labels)
    found["metadata"] = objects.metadata(name, number=number, labels=found["metadata"]["labels"])
    return found


@pytest.mark.parametrize("where", ["public", "slot"])
def test_a_foreign_slice_is_removed_without_a_transition(where: str) -> None:
    world = Traffic()
    before = world.seen()
    service = "live" if where == "public" else str(world.slot())
    world.cluster.put("EndpointSlice", foreign(service))
    world.settle()
    assert ("EndpointSlice", "mine") not in world.cluster.objects
    assert world.acts(before) == [], "what is live did not change"
    assert world.rests()


def test_slices_of_other_services_are_let_be() -> None:
    world = Traffic()
    world.cluster.put("EndpointSlice", foreign("theirs"))
    world.settle()
    assert ("EndpointSlice", "mine") in world.cluster.objects


@pytest.mark.parametrize("first", ["slice", "service"])
def test_a_slice_concerns_who_owns_its_service(first: str) -> None:
    cache = Cache()
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": objects.owned_meta("live", ("Deployment", "live"), number=7),
        "spec": {},
    }
    cache.put("Deployment", view_of("Deployment", objects.resource("Deployment", "live")))
    news = [("Service", service), ("EndpointSlice", foreign("live"))]
    for kind, raw in news if first == "service" else reversed(news):
        woken = cache.put(kind, view_of(kind, raw))  # type: ignore[arg-type]
    assert LIVE in woken
    found = cache.related(LIVE)
    assert found is not None
    assert [(s.meta.name, s.addresses) for s in found.slices] == [("mine", ("10.9.9.9",))]
    assert LIVE in cache.remove("EndpointSlice", found.slices[0])
    left = cache.related(LIVE)
    assert left is not None
    assert left.slices == ()
