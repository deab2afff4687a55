"""A profile that the administrator takes away stops what is new. Repair and going back need none."""

import pytest

from support.driftsim import drifted, results, tick, watched
from support.quickstart import SETTINGS, quickstart
from support.simapi import Raw
from support.traffic import Traffic, two_models

ALL = SETTINGS.dump()
GONE: list[Raw] = [{"serving": []}, {"compute": []}, {"storage": []}]
NOTHING = {"serving": [], "compute": [], "storage": []}


def offer(world: Traffic, profiles: Raw) -> None:
    world.cluster.offer(**profiles)
    world.settle()


def missing(gone: Raw) -> str:
    """Reason of a Deployment without these profiles."""
    return "StorageNotConfigured" if "storage" in gone else "ProfileNotFound"


@pytest.mark.parametrize("gone", GONE, ids=lambda gone: next(iter(gone)))
def test_without_a_profile_what_serves_goes_on_and_the_status_says_what_is_missing(gone: Raw) -> None:
    world, _, second = two_models()
    offer(world, gone)
    reason = missing(gone)
    assert world.condition("Stalled") == ("True", reason)
    assert world.condition("PromotionHeld") == ("True", reason)
    assert world.condition("Available") == ("True", "Serving")
    assert (world.serves(), world.holds()) == (second, [reason])
    assert world.rests()
    offer(world, ALL)
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.parametrize("gone", GONE, ids=lambda gone: next(iter(gone)))
def test_a_new_deployment_starts_nothing_without_its_profiles(gone: Raw) -> None:
    cluster = quickstart()
    cluster.offer(**gone)
    cluster.settle()
    reason = missing(gone)
    conditions = cluster.objects["Deployment", "live"]["status"]["conditions"]
    assert ("Stalled", "True", reason) in [(c["type"], c["status"], c["reason"]) for c in conditions]
    assert not [j for j in cluster.of("Job") if j["metadata"]["name"].startswith("live-")]
    cluster.offer(**ALL)
    cluster.settle()
    assert cluster.get("Service", "live") is not None


@pytest.mark.parametrize("gone", [*GONE, NOTHING], ids="-".join)
def test_without_a_profile_an_unhealthy_slot_is_still_left(gone: Raw) -> None:
    world, first, _ = two_models()
    offer(world, gone)
    world.down(str(world.slot()))
    assert world.serves() == first
    assert world.links()[-1].cause == "health"


def test_without_a_profile_a_person_still_goes_back() -> None:
    world, first, _ = two_models()
    offer(world, NOTHING)
    world.ask("rollback-to", first)
    assert world.serves() == first


def test_without_a_profile_what_was_changed_by_hand_is_put_back() -> None:
    world, first, second = two_models()
    slot = str(world.slot())
    offer(world, NOTHING)
    world.patch("Service", "live", selector={"sluice.dev/slot": str(world.links()[0].slot)})
    assert world.serves() == first
    world.settle()
    assert world.serves() == second
    world.cluster.drop("AppsDeployment", slot)
    world.settle()
    assert world.serves() == second


def test_a_slot_that_must_be_verified_waits_for_the_profile_that_verifies() -> None:
    world, first, _ = two_models()
    world.wait(4000)
    offer(world, {"compute": []})
    world.ask("rollback-to", first)
    assert world.condition("Progressing") == ("True", "ProfileNotFound")
    assert world.status["phase"] == "RollingBack"
    offer(world, ALL)
    assert world.serves() == first


def test_without_a_profile_a_request_to_promote_waits() -> None:
    world, first, second = two_models()
    offer(world, {"serving": []})
    world.ask("promote", first)
    assert world.serves() == second
    offer(world, ALL)
    assert world.serves() == first


def test_a_switch_that_was_announced_is_given_up_when_its_profile_is_gone() -> None:
    world = Traffic()
    world.train("better", 2, settle=False)
    while world.links()[-1].phase != "intended":
        world.step()
        world.cluster.api.sleep(1)
    offer(world, {"serving": []})
    assert world.links()[-1].phase in ("abandoned", "done")
    before = world.serves()
    assert before is not None
    offer(world, ALL)
    assert world.serves() == world.artifact("better")


def test_without_a_compute_profile_nothing_is_known_about_drift() -> None:
    cluster = watched()
    cluster.offer(compute=[])
    tick(cluster)
    assert results(cluster) == [(1, "Unknown")]
    assert drifted(cluster) == ("Unknown", "DriftUnknown")
    cluster.offer(**ALL)
    tick(cluster)
    assert results(cluster) == [(1, "Unknown"), (2, "Good")]
