"""Going on: promotion by hand, windows, soak, pause, upgrades, and runs that go or come again."""

from datetime import timedelta
from typing import Any

from support.quickstart import LABELS, SETTINGS, Stages, run_spec
from support.traffic import LIVE, Traffic, two_models


def test_manual_waits_for_a_person() -> None:
    world = Traffic()
    first = world.serves()
    world.edit(promotion={"policy": "Manual"})
    world.train("better", 2)
    assert world.serves() == first
    assert world.holds() == ["ManualPromotion"]
    assert world.rests()
    world.ask("promote", world.artifact("better"))
    assert world.serves() == world.artifact("better")


def test_a_pause_stops_what_is_new_and_nothing_else() -> None:
    world, first, second = two_models()
    world.edit(paused=True)
    world.train("third", 3)
    assert world.serves() == second
    world.cluster.drop("Service", "live")
    world.settle()
    assert world.serves() == second
    world.down(str(world.slot()))
    assert world.serves() == first


def test_a_window_is_waited_for_and_a_person_need_not() -> None:
    world = Traffic()
    first = world.serves()
    opens = (world.now + timedelta(hours=5)).strftime("%H:%M")
    world.edit(promotion={"windows": [{"start": opens, "durationSeconds": 3600}]})
    world.train("better", 2)
    assert world.serves() == first
    assert world.holds() == ["PromotionWindowClosed"]
    plan = world.cluster.plan(LIVE)
    assert plan is not None
    assert plan.requeue_after is not None
    assert plan.requeue_after <= 5 * 3600
    world.wait(5 * 3600)
    assert world.serves() == world.artifact("better")


def test_a_promote_overrides_a_closed_window() -> None:
    world = Traffic()
    opens = (world.now + timedelta(hours=5)).strftime("%H:%M")
    world.edit(promotion={"windows": [{"start": opens, "durationSeconds": 3600}]})
    world.train("better", 2)
    world.ask("promote", world.artifact("better"))
    assert world.serves() == world.artifact("better")


def test_a_candidate_that_a_window_leaves_behind_waits_for_the_next_one() -> None:
    world = Traffic()
    first = world.serves()
    opens = (world.now + timedelta(minutes=2)).strftime("%H:%M")
    window = {"start": opens, "durationSeconds": 300}
    world.edit(promotion={"windows": [window], "soakSeconds": 500})
    world.train("better", 2)
    assert world.serves() == first
    assert len(world.slots()) == 1
    assert world.holds() == ["PromotionWindowClosed"]
    assert ("done", "automatic", "promoted") not in world.acts(2)


def test_a_window_in_no_time_zone_never_opens_and_says_so() -> None:
    world = Traffic()
    first = world.serves()
    window = {"start": "00:00", "durationSeconds": 604_800, "timeZone": "Mars/Base"}
    world.edit(promotion={"windows": [window]})
    world.train("better", 2)
    assert world.serves() == first
    assert "Mars/Base" in world.status["holds"][0]["message"]


def test_the_operator_was_down_across_a_window() -> None:
    world = Traffic()
    opens = (world.now + timedelta(hours=5)).strftime("%H:%M")
    world.edit(promotion={"windows": [{"start": opens, "durationSeconds": 3600}]})
    world.train("better", 2)
    first = world.serves()
    world.cluster.operator.kill()
    world.cluster.sleep(7 * 3600)
    world.cluster.operator = type(world.cluster.operator)(world.cluster.api, SETTINGS, "operator")
    world.settle()
    assert world.serves() == first
    assert world.holds() == ["PromotionWindowClosed"]


def test_a_candidate_soaks_before_it_takes_traffic_and_a_return_does_not() -> None:
    world = Traffic()
    first = world.serves()
    world.edit(promotion={"soakSeconds": 3000})
    world.train("better", 2)
    assert world.serves() == first
    assert world.condition("Progressing") == ("True", "Soaking")
    world.wait(3000)
    assert world.serves() == world.artifact("better")
    assert first is not None
    world.ask("rollback-to", first)
    assert world.serves() == first


def test_a_changed_profile_rolls_out_though_a_later_run_failed() -> None:
    stages = Stages()
    world = Traffic(stages)
    good, slot = world.serves(), world.slot()
    stages.verdict = lambda digest: "Pass" if digest == good else "Fail"
    world.train("bad", 2)
    world.edit(serving={"maxModelLength": 512})
    world.settle()
    assert world.serves() == good
    assert world.slot() != slot


def test_a_bad_profile_poisons_its_revision_and_not_its_model() -> None:
    world = Traffic()
    good, slot = world.serves(), world.slot()
    world.edit(serving={"maxModelLength": 512})
    world.settle()
    assert world.slot() != slot
    world.down(str(world.slot()))
    assert (world.slot(), world.serves()) == (slot, good)
    assert world.status["refused"] == [{"digest": good, "revision": 2}]
    world.edit(serving={"maxModelLength": 256})
    world.settle()
    assert world.serves() == good
    assert world.slot() != slot


def test_an_upgrade_of_the_live_digest_obeys_manual_and_a_pin_does_not_stop_it() -> None:
    world = Traffic()
    slot = world.slot()
    held: dict[str, Any] = {"serving": {"maxModelLength": 512}}
    world.edit(promotion={"policy": "Manual"}, **held)
    world.settle()
    assert (world.slot(), world.holds()) == (slot, ["ManualPromotion"])
    world.edit(promotion={"pin": world.serves()}, **held)
    world.settle()
    assert world.slot() != slot


def test_a_run_that_is_deleted_while_live_leaves_traffic_alone() -> None:
    world, first, second = two_models()
    world.cluster.drop("TrainingRun", "better")
    world.cluster.drop("TrainingRun", "good")
    world.wait(4000)
    assert world.serves() == second
    world.ask("rollback-to", first)
    assert world.serves() == first


def test_a_run_of_the_same_artifact_again_changes_nothing() -> None:
    world, _, second = two_models()
    world.cluster.drop("TrainingRun", "good")
    world.cluster.sleep(3600)
    world.cluster.add("TrainingRun", "good", run_spec(1), LABELS)
    world.settle()
    assert world.serves() == second
