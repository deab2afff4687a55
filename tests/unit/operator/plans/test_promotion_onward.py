"""Going on: pins, promotion by hand, windows, soak, pause, upgrades, and the gate that changes meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from sluice_operator.adapters.cluster.errors import Conflict
from support.quickstart import LABELS, SETTINGS, Stages, gate_spec, run_spec
from support.traffic import LIVE, Traffic, nobody, two_models


def test_a_pin_keeps_its_digest_and_says_so() -> None:
    world = Traffic()
    first = world.serves()
    world.edit(promotion={"pin": first})
    world.settle()
    world.train("better", 2)
    assert world.serves() == first
    assert world.condition("PromotionHeld") == ("True", "Pinned")
    world.edit()
    world.settle()
    assert world.serves() == world.artifact("better")


def test_a_pin_goes_back_to_what_was_live_without_a_new_verdict() -> None:
    world, first, second = two_models()
    world.wait(4000)
    world.edit(promotion={"pin": first})
    world.settle()
    assert world.serves() == first
    assert world.refused() == []
    assert world.links()[-1].cause == "pin"
    assert second not in world.refused()


@pytest.mark.parametrize("verdict", ["Fail", "Inconclusive"])
def test_X09_a_pin_on_a_digest_without_a_pass_never_falls_through(verdict: str) -> None:
    stages = Stages()
    world = Traffic(stages)
    good = world.serves()
    stages.verdict = lambda digest: "Pass" if digest == good else verdict
    world.train("bad", 2)
    world.edit(promotion={"pin": world.artifact("bad")})
    world.settle()
    stages.verdict = lambda _: "Pass"
    world.train("better", 3)
    assert world.serves() == good
    assert world.condition("PromotionHeld") == ("True", "PinBlocked")
    assert world.rests()


def test_a_pin_on_a_digest_that_nobody_made() -> None:
    world = Traffic()
    first = world.serves()
    world.edit(promotion={"pin": nobody("x")})
    world.settle()
    assert world.serves() == first
    assert world.holds() == ["PinBlocked"]


def test_a_pin_that_was_rolled_back_is_refused_until_it_changes() -> None:
    world, first, second = two_models()
    world.edit(promotion={"pin": second})
    world.settle()
    world.down(str(world.slot()))
    assert world.serves() == first
    assert world.holds() == ["PinRefused"]
    world.cluster.node.down.clear()
    world.edit()
    world.settle()
    world.edit(promotion={"pin": second})
    world.settle()
    assert world.serves() == second


def test_a_pin_overrides_manual_and_a_promote_overrides_a_pin() -> None:
    world = Traffic()
    world.edit(promotion={"policy": "Manual"})
    world.train("better", 2)
    better = world.artifact("better")
    world.edit(promotion={"policy": "Manual", "pin": better})
    world.settle()
    assert world.serves() == better


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


def test_a_gate_that_is_edited_while_live_does_not_demote_and_judges_again() -> None:
    world = Traffic()
    first = world.serves()
    world.cluster.add("EvalGate", "gate", gate_spec("0.85"))
    world.settle()
    assert world.serves() == first
    world.train("better", 2)
    assert world.serves() == world.artifact("better")


def test_a_gate_that_is_tightened_while_live_shows_it() -> None:
    stages = Stages()
    world = Traffic(stages)
    first = world.serves()
    stages.verdict = lambda _: "Fail"
    world.cluster.add("EvalGate", "gate", gate_spec("0.89"))
    world.settle()
    assert world.serves() == first
    assert world.condition("GateOpen") == ("True", "LiveBelowCriteria")


def test_a_gate_that_is_deleted_while_live_holds_everything_new() -> None:
    world, first, second = two_models()
    world.cluster.drop("EvalGate", "gate")
    world.settle()
    assert world.serves() == second
    assert world.condition("GateOpen") == ("False", "GateMissing")
    world.ask("rollback-to", first)
    assert world.serves() == first


def test_a_gate_that_is_edited_during_a_promotion_stops_the_switch() -> None:
    stages = Stages()
    world = Traffic(stages)
    first = world.serves()
    world.train("better", 2, settle=False)
    for _ in range(400):
        world.step()
        world.cluster.sleep(1)
        if world.links()[-1].phase == "intended" and world.links()[-1].sequence > 1:
            break
    stages.verdict = lambda digest: "Pass" if digest == first else "Fail"
    world.cluster.add("EvalGate", "gate", gate_spec("0.85"))
    world.settle()
    assert world.serves() == first
    assert ("abandoned", "automatic", "superseded") in world.acts()
    assert world.rests()


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


def test_two_deployments_and_one_gate_each_promote_for_themselves() -> None:
    world = Traffic()
    first = world.serves()
    world.cluster.add("Deployment", "other", {"gateRef": {"name": "gate"}})
    world.settle()
    status = world.cluster.objects["Deployment", "other"]["status"]
    assert status["active"]["digest"] == first
    world.ask("promote", nobody("x"))
    assert world.cluster.objects["Deployment", "other"]["status"] == status


def test_a_gate_that_compares_with_another_deployment_promotes_nothing_here() -> None:
    delta = gate_spec("0.0", baseline={"deploymentRef": {"name": "live"}})
    delta["criteria"][0]["compare"] = "DeltaToBaseline"
    world = Traffic(gate=delta)
    assert world.serves() is not None
    world.cluster.add("Deployment", "other", {"gateRef": {"name": "gate"}})
    world.settle()
    status = world.cluster.objects["Deployment", "other"]["status"]
    assert [h["reason"] for h in status["holds"]] == ["GateBaselineMismatch"]


def test_an_older_model_that_somebody_promotes_is_judged_against_what_is_live() -> None:
    delta = gate_spec("0.0", baseline={"deploymentRef": {"name": "live"}})
    delta["criteria"][0]["compare"] = "DeltaToBaseline"
    world = Traffic(gate=delta)
    first = world.serves()
    assert first is not None
    world.train("better", 2)
    assert world.serves() == world.artifact("better")
    world.ask("promote", first)
    assert world.serves() == first


def test_a_gate_that_was_tightened_unheard_between_intent_and_switch_stops_the_switch() -> None:
    world = Traffic()
    before = world.slot()
    world.train("better", 2, settle=False)
    while world.acts()[-1][0] != "intended":
        world.step()
        world.cluster.api.sleep(1)
    world.cluster.operator.deaf.add("EvalGate")
    criteria = world.cluster.objects["EvalGate", "gate"]["spec"]["criteria"]
    world.patch("EvalGate", "gate", criteria=[{**criteria[0], "value": "0.99"}])
    for _ in range(20):
        world.step()
        world.cluster.api.sleep(1)
    assert world.slot() == before
    assert world.acts()[-1] == ("abandoned", "automatic", "superseded")


def test_a_switch_that_was_given_up_cannot_happen_later() -> None:
    """A leader that was asleep still holds the switch it had planned, guarded by the Service's version."""
    stages = Stages()
    world = Traffic(stages)
    first = world.serves()
    world.train("better", 2, settle=False)
    while world.acts()[-1][0] != "intended":
        world.step()
        world.cluster.api.sleep(1)
    seen = world.cluster.objects["Service", "live"]["metadata"]["resourceVersion"]
    stages.verdict = lambda digest: "Pass" if digest == first else "Fail"
    world.cluster.add("EvalGate", "gate", gate_spec("0.85"))
    world.settle()
    assert ("abandoned", "automatic", "superseded") in world.acts()
    with pytest.raises(Conflict):
        world.cluster.api.patch("Service", "live", {"spec": {"selector": {}}}, seen, "asleep")
