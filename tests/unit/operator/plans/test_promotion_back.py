"""Going back: by a person, by health, by drift; at once, or by building a slot again."""

from collections.abc import Callable

import pytest

from sluice_operator.children import records
from support.plaincopy import copied
from support.traffic import LIVE, Traffic, nobody, two_models

HOLD = {"everySeconds": 2_592_000, "actions": ["HoldPromotions"]}
RETURN = {"everySeconds": 2_592_000, "actions": ["Alert", "Rollback"]}


def test_within_the_window_the_kept_slot_takes_traffic_at_once() -> None:
    world, first, second = two_models()
    world.cluster.writes.clear()
    asked = world.ask("rollback-to", first)
    assert world.serves() == first
    assert world.refused() == [second]
    assert not [w for w in world.cluster.writes if w[0] == "create" and w[1] == "AppsDeployment"]
    assert not [w for w in world.cluster.writes if w[0] == "create" and "-verify-" in w[2]]
    done = world.links()[-1]
    assert (done.actor, done.request, done.phase, done.cause) == ("ann", asked.id, "done", "rollback-to")


def test_after_the_window_the_slot_is_built_again_verified_and_then_switched() -> None:
    world, first, _ = two_models()
    world.wait(4000)
    assert len(world.slots()) == 1
    world.cluster.writes.clear()
    world.ask("rollback-to", first)
    made = [(kind, "-verify-" in name) for verb, kind, name in world.cluster.writes if verb == "create"]
    assert made.index(("AppsDeployment", False)) < made.index(("Job", True))
    assert world.serves() == first


@pytest.mark.parametrize("forged", [{"verdict": "Fail"}, {"digest": nobody("x")}])
def test_nobody_goes_back_to_a_revision_without_the_pass_that_let_it_in(forged: dict[str, str]) -> None:
    """Somebody made the record anew by hand."""
    world, first, second = two_models()
    revisions = [r for r in world.cluster.of("ControllerRevision") if r["data"].get("record") == "revision"]
    (stored,) = (r for r in revisions if r["data"]["artifact"]["digest"] == first)
    record = copied(stored)
    record["data"]["sealedVerdict"] |= forged
    world.cluster.drop("ControllerRevision", record["metadata"]["name"])
    world.cluster.put("ControllerRevision", record)
    world.ask("rollback-to", first)
    assert world.serves() == second
    world.down(str(world.slot()))
    assert world.acts()[-1][1] != "health"


def test_the_window_begins_again_when_the_live_slot_comes_back() -> None:
    """What was just down may go down again; the way back must be warm then."""
    world, _, second = two_models(rollback={"automatic": False})
    world.wait(2500)
    world.down(str(world.slot()))
    world.wait(1000)
    assert len(world.slots()) == 2, "the window does not run while the live slot is down"
    world.cluster.node.down.clear()
    world.settle()
    world.wait(2500)
    assert len(world.slots()) == 2
    world.wait(1500)
    assert list(world.slots()) == [world.slot()]
    assert world.serves() == second


def test_the_window_begins_when_traffic_moves_however_long_the_slot_soaked() -> None:
    world = Traffic(promotion={"soakSeconds": 3000})
    world.wait(3000)
    world.train("better", 2)
    world.wait(3000)
    assert world.serves() == world.artifact("better")
    world.wait(2000)
    assert len(world.slots()) == 2


def test_going_back_does_not_soak() -> None:
    world, first, _ = two_models()
    world.wait(4000)
    world.edit(promotion={"soakSeconds": 3000})
    asked = world.cluster.api.elapsed
    world.ask("rollback-to", first)
    assert world.serves() == first
    assert world.cluster.api.elapsed - asked < 3000


def test_a_slot_that_is_being_built_again_says_so() -> None:
    world, first, _ = two_models()
    world.wait(4000)
    world.cluster.node.down |= {str(world.links()[0].slot)}
    world.ask("rollback-to", first)
    assert world.condition("Progressing") == ("True", "RollbackPreparing")
    assert world.status["phase"] == "RollingBack"


def test_a_way_back_whose_artifact_is_gone_is_spent_and_traffic_stays() -> None:
    world, first, second = two_models()
    world.wait(4000)
    world.cluster.node.gone.add(first)
    before = world.seen()
    world.ask("rollback-to", first)
    assert world.serves() == second
    assert world.acts(before) == [("rejected", "rollback-to", "artifact_digest_mismatch")]
    assert world.rests()


def test_A_B_A_refused_stays_refused_until_somebody_names_it() -> None:
    world, first, second = two_models()
    world.ask("rollback-to", first)
    world.wait(4000)
    assert world.serves() == first
    world.ask("promote", second)
    assert world.serves() == second
    assert world.refused() == []


def wait_until_a_slot_is_to_go(world: Traffic) -> str:
    """Stop just before the deletion; the slot."""
    operator, api = world.cluster.operator, world.cluster.api
    for _ in range(100):
        api.sleep(max(operator.due[LIVE] - api.elapsed, 0))
        plan = world.cluster.plan(LIVE)
        assert plan is not None
        for found in plan.delete:
            if found.kind == "AppsDeployment":
                return found.name
        world.step()
    raise AssertionError("every slot stays")


def unheard_version(world: Traffic, spare: str) -> None:
    """Somebody stamps the slot."""
    world.cluster.operator.deaf.add("AppsDeployment")
    slot = copied(world.cluster.objects["AppsDeployment", spare])
    slot["metadata"]["annotations"]["sluice.dev/transition"] = "9"
    world.cluster.put("AppsDeployment", slot)


def unheard_link(world: Traffic, _: str) -> None:
    """Somebody goes on with the chain."""
    world.cluster.operator.deaf.add("ControllerRevision")
    link = copied(world.cluster.objects["ControllerRevision", records.audit_name("live", world.seen())])
    link["metadata"]["name"] = records.audit_name("live", world.seen() + 1)
    world.cluster.put("ControllerRevision", link)


@pytest.mark.parametrize("happens", [unheard_version, unheard_link])
def test_who_has_not_heard_what_happened_deletes_no_slot(happens: Callable[[Traffic, str], None]) -> None:
    """Its window ends just when a new leader chooses it again."""
    world, _, _ = two_models()
    spare = wait_until_a_slot_is_to_go(world)
    happens(world, spare)
    world.cluster.operator.run(LIVE)
    assert spare in world.slots()


def test_going_back_over_two_refuses_both() -> None:
    world, first, second = two_models()
    world.train("third", 3)
    third = world.serves()
    world.ask("rollback-to", first)
    world.wait(4000)
    assert world.serves() == first
    assert set(world.refused()) == {second, third}


def test_promoting_an_older_digest_refuses_the_newer_ones() -> None:
    world, first, second = two_models()
    world.ask("promote", first)
    world.wait(4000)
    assert world.serves() == first
    assert world.refused() == [second]


def test_the_loser_drains_is_scaled_to_zero_and_deleted_by_the_window() -> None:
    world, first, _ = two_models(rollback={"drainSeconds": 900, "keepPreviousSeconds": 3600})
    loser = world.slot()
    assert loser is not None
    world.ask("rollback-to", first)
    assert world.slots()[loser] == 1
    world.wait(900)
    assert world.slots()[loser] == 0
    world.wait(3600)
    assert loser not in world.slots()
    assert world.rests()


def test_after_a_promotion_the_previous_slot_keeps_its_pods_and_connections() -> None:
    world, _, _ = two_models()
    world.wait(900)
    assert list(world.slots().values()) == [1, 1]


def test_health_goes_back_by_building_a_slot_again_when_none_is_kept() -> None:
    world, first, second = two_models()
    world.wait(4000)
    world.down(str(world.slot()))
    assert world.serves() == first
    assert world.refused() == [second]
    assert world.condition("RolledBack") == ("True", "RolledBack")


def test_health_skips_an_earlier_model_whose_artifact_is_gone() -> None:
    world, first, second = two_models()
    world.train("third", 3)
    world.wait(4000)
    world.cluster.node.gone.add(second)
    world.down(str(world.slot()))
    assert world.serves() == first


def test_nothing_to_go_back_to_is_told_and_a_newer_model_still_goes_live() -> None:
    world, first, second = two_models()
    world.wait(4000)
    world.cluster.node.gone.add(first)
    world.down(str(world.slot()))
    assert world.condition("Ready") == ("False", "RollbackBlocked")
    world.train("third", 3)
    assert world.serves() == world.artifact("third") != second


def test_refused_wins_over_availability() -> None:
    world, first, second = two_models()
    world.ask("rollback-to", first)
    world.down(str(world.slot()))
    assert world.serves() is None
    assert world.refused() == [second]
    assert world.condition("Ready") == ("False", "RollbackBlocked")


def test_after_an_outage_of_both_the_one_that_starts_a_moment_later_is_not_the_bad_one() -> None:
    world, _, second = two_models()
    slots = set(world.slots())
    world.cluster.node.down |= slots
    world.wait(600)
    previous = next(s for s in slots if s != world.slot())
    world.cluster.node.down.discard(previous)
    for _ in range(5):
        world.step()
        world.cluster.sleep(2)
    world.cluster.node.down.clear()
    world.settle()
    assert world.serves() == second
    assert world.refused() == []


def test_a_rollback_to_a_slot_that_is_down_does_not_delay_a_health_rollback() -> None:
    world, first, second = two_models(healthDeadlineSeconds=5)
    world.train("third", 3)
    slots = {d: s for s, d in _slots_by_digest(world).items()}
    world.cluster.node.down |= {slots[world.artifact("third")]}
    world.cluster.node.gone.add(first)
    world.ask("rollback-to", first)
    assert world.serves() == second
    assert world.links()[-1].cause in ("health", "rollback-to")


def _slots_by_digest(world: Traffic) -> dict[str, str]:
    found = world.cluster.of("AppsDeployment")
    return {s["metadata"]["name"]: s["metadata"]["annotations"]["sluice.dev/digest"] for s in found}


def test_automatic_rollback_can_be_switched_off() -> None:
    world, _, _ = two_models(rollback={"automatic": False})
    slot = str(world.slot())
    world.down(slot)
    assert world.slot() == slot
    assert world.condition("Ready") == ("False", "LiveUnavailable")


def test_drift_goes_back_after_as_many_bad_checks_as_it_takes() -> None:
    world, first, second = two_models(drift=RETURN)
    world.tick("Bad")
    assert world.serves() == second
    world.tick("Unknown")
    assert world.serves() == second
    world.tick("Bad")
    assert world.serves() == first
    assert world.links()[-1].cause == "drift"
    assert world.refused() == [second]


def test_drift_does_not_walk_back_to_the_oldest_model() -> None:
    world, first, second = two_models(drift=RETURN)
    world.train("third", 3)
    for _ in range(6):
        world.tick("Bad")
    assert world.serves() == second
    assert first not in world.refused()


def test_a_good_check_starts_the_count_again() -> None:
    world, _, second = two_models(drift=RETURN)
    for result in ("Bad", "Good", "Bad"):
        world.tick(result)
    assert world.serves() == second


def test_drift_with_no_predecessor_leaves_traffic_alone() -> None:
    world = Traffic(drift=RETURN)
    first = world.serves()
    world.tick("Bad")
    world.tick("Bad")
    assert world.serves() == first
    assert world.condition("Drifted") == ("True", "DriftDetected")
    assert world.condition("RolledBack") == ("False", "DeploymentRollbackNoPredecessor")
    assert world.rests()


@pytest.mark.parametrize("end", ["good check", "promote", "spec", "transition"])
def test_a_drift_hold_ends_by(end: str) -> None:
    world, first, second = two_models(drift=HOLD)
    world.tick("Bad")
    world.tick("Bad")
    assert world.acts()[-1] == ("held", "drift", "drift_hold")
    world.train("third", 3)
    assert world.serves() == second
    assert world.holds() == ["DriftHold"]
    third = world.artifact("third")
    if end == "good check":
        world.tick("Good")
        assert ("released", "drift", "no_drift") in world.acts()
    elif end == "spec":
        world.edit()
        world.settle()
        assert ("released", "drift", "drift_off") in world.acts()
    elif end == "promote":
        world.ask("promote", third)
    else:
        world.ask("rollback-to", first)
        world.ask("clear-rollback", third)
    assert world.serves() == third
    assert world.links()[-1].fold.hold is None


def test_a_request_to_go_back_to_nothing() -> None:
    world = Traffic()
    first = world.serves()
    world.ask("rollback-to", nobody("x"))
    assert world.acts()[-1] == ("spent", "rollback-to", "deployment_rollback_no_predecessor")
    assert world.serves() == first
