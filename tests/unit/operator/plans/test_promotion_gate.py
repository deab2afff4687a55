"""Gates that are edited, tightened, shared or gone while something is live."""

import pytest

from sluice_operator.adapters.cluster.errors import Conflict
from support.quickstart import Stages, gate_spec
from support.traffic import Traffic, nobody, two_models


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


def test_a_gate_whose_spec_is_invalid_is_not_called_missing() -> None:
    world = Traffic()
    world.cluster.add("EvalGate", "gate", {**gate_spec(), "suites": "none"})
    world.settle()
    for kind, status in (("GateOpen", "False"), ("PromotionHeld", "True")):
        assert world.condition(kind) == (status, "InvalidSpec")


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
