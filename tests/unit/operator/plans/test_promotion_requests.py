"""What people ask: each request acts once, or is answered with a reason; traffic stays meanwhile."""

import pytest

from sluice_api.decisions import Decision
from support.quickstart import Stages, gate_spec
from support.traffic import Traffic, nobody, two_models


def test_a_request_acts_once_however_often_it_is_applied() -> None:
    world, first, second = two_models()
    asked = world.ask("rollback-to", first)
    world.annotate("rollback-to", None)
    world.ask("promote", second)
    before = world.seen()
    world.annotate("rollback-to", asked.text())
    assert world.serves() == second
    assert world.acts(before) == []
    assert world.rests()


def test_a_request_that_saw_less_than_the_newest_decision_is_stale() -> None:
    world, first, second = two_models()
    old = world.seen()
    world.ask("rollback-to", first)
    before = world.seen()
    world.ask("promote", second, seen=old)
    assert world.acts(before) == [("spent", "promote", "request_stale")]
    assert world.serves() == first
    assert world.rests()


def test_a_request_that_saw_more_than_there_is_comes_from_another_life() -> None:
    world, first, second = two_models()
    world.ask("rollback-to", first, seen=900)
    assert world.acts()[-1] == ("spent", "rollback-to", "request_stale")
    assert world.serves() == second


def test_with_both_present_the_rollback_goes_first_and_the_promote_is_stale() -> None:
    world, first, second = two_models()
    world.train("third", 3)
    third = world.artifact("third")
    at = world.seen()
    world.edit(paused=True)
    world.ask("promote", second, seen=at)
    world.edit()
    world.ask("rollback-to", first, seen=at)
    assert [a for a in world.acts(at) if a[0] in ("done", "spent")] == [
        ("done", "rollback-to", "rolled_back"),
        ("spent", "promote", "request_stale"),
    ]
    assert world.serves() == first
    assert set(world.refused()) == {second, third}


@pytest.mark.parametrize("decision", ["promote", "rollback-to"])
def test_what_is_live_already_is_a_no_op(decision: Decision) -> None:
    world, _, second = two_models()
    before = world.seen()
    world.ask(decision, second)
    assert world.acts(before) == [("spent", decision, "request_no_op")]
    assert world.serves() == second
    assert world.rests()


def test_a_digest_that_was_never_judged_is_spent() -> None:
    world, _, second = two_models()
    world.ask("promote", nobody("x"))
    assert world.acts()[-1] == ("spent", "promote", "request_impossible")
    assert world.serves() == second


def test_a_digest_that_was_never_live_is_no_way_back() -> None:
    world, _, second = two_models()
    world.ask("rollback-to", nobody("x"))
    assert world.acts()[-1] == ("spent", "rollback-to", "request_impossible")
    assert world.serves() == second


def test_a_revision_whose_record_is_gone_is_no_way_back() -> None:
    world, first, second = two_models()
    world.wait(4000)
    world.cluster.drop("ControllerRevision", str(world.links()[0].slot))
    world.ask("rollback-to", first)
    assert world.acts()[-1] == ("spent", "rollback-to", "rollback_blocked")
    assert world.serves() == second


def test_X09_a_digest_that_failed_is_spent() -> None:
    stages = Stages()
    world = Traffic(stages)
    good = world.serves()
    stages.verdict = lambda digest: "Pass" if digest == good else "Fail"
    world.train("bad", 2)
    world.ask("promote", world.artifact("bad"))
    assert world.acts()[-1] == ("spent", "promote", "deployment_promote_blocked")
    assert world.serves() == good


def test_a_promote_waits_while_its_verdict_is_inconclusive() -> None:
    stages = Stages()
    world = Traffic(stages)
    good = world.serves()
    stages.verdict = lambda digest: "Pass" if digest == good else "Inconclusive"
    world.train("unsure", 2)
    before = world.seen()
    world.ask("promote", world.artifact("unsure"))
    assert world.acts(before) == []
    assert "Inconclusive" in world.holds()
    assert world.rests()


def test_a_promote_waits_while_promotion_is_paused() -> None:
    world, first, second = two_models()
    world.edit(paused=True)
    before = world.seen()
    world.ask("promote", first)
    assert (world.acts(before), world.holds()) == ([], ["Paused"])
    world.edit()
    world.settle()
    assert world.serves() == first
    assert world.refused() == [second]


def test_a_rollback_does_not_wait_while_promotion_is_paused() -> None:
    world, first, _ = two_models()
    world.edit(paused=True)
    world.ask("rollback-to", first)
    assert world.serves() == first


def test_a_request_that_is_withdrawn_is_no_request() -> None:
    world, first, second = two_models()
    world.edit(paused=True)
    world.ask("promote", first)
    world.annotate("promote", None)
    world.edit()
    world.settle()
    assert world.serves() == second


def test_clear_rollback_lifts_the_refusal_and_nothing_else() -> None:
    world, first, second = two_models()
    world.train("third", 3)
    third = world.artifact("third")
    world.ask("rollback-to", first)
    world.ask("clear-rollback", second)
    assert world.refused() == [third]
    assert world.serves() == second


def test_clear_rollback_of_what_is_not_refused_is_a_no_op() -> None:
    world, first, _ = two_models()
    world.ask("clear-rollback", first)
    assert world.acts()[-1] == ("spent", "clear-rollback", "request_no_op")


@pytest.mark.parametrize(
    "text", ["now please", "", "sha256:1 2.abcd ann", "x" * 9000, "a b c d", "sha256:\n1 2 3"]
)
def test_rubbish_is_told_and_never_acts(text: str) -> None:
    world, _, second = two_models()
    before = world.seen()
    world.annotate("promote", text)
    assert world.acts(before) == []
    assert world.serves() == second
    assert world.holds() == (["RequestMalformed"] if text else [])
    assert world.rests()


def test_a_request_on_a_suspended_object_waits_and_says_so() -> None:
    world, first, second = two_models()
    world.edit(suspend=True)
    before = world.seen()
    world.ask("rollback-to", first)
    assert world.acts(before) == []
    assert world.holds() == ["RequestWaiting"]
    assert world.serves() == second
    world.edit()
    world.settle()
    assert world.serves() == first


def test_a_promote_that_fails_on_the_way_is_spent_and_a_new_one_tries_again() -> None:
    world, first, second = two_models()
    world.wait(4000)
    world.cluster.node.gone.add(first)
    world.ask("promote", first)
    assert world.acts()[-1][:2] == ("rejected", "promote")
    assert world.serves() == second
    world.cluster.node.gone.clear()
    world.settle()
    assert world.serves() == second
    world.ask("promote", first)
    assert world.serves() == first


def test_without_the_policy_the_audit_says_unverified() -> None:
    world, first, _ = two_models()
    world.ask("rollback-to", first)
    people = [link for link in world.links() if link.request]
    assert {(link.actor, link.verified) for link in people} == {("ann", False)}
    own = [link for link in world.links() if not link.request]
    assert {(link.actor, link.verified) for link in own} == {("system:sluice", True)}


def test_where_edit_sets_the_bar_each_link_says_so() -> None:
    world, first, _ = two_models()
    before = world.seen()
    world.cluster.offer(gatesForEdit=True)
    world.ask("rollback-to", first)
    said = {link.sequence > before: link.gates_for_edit for link in world.links()}
    assert said == {False: None, True: True}


def test_a_gate_that_asks_for_approval_lets_nothing_through_without_it() -> None:
    world = Traffic(gate=gate_spec(approval={"required": True}))
    assert world.serves() is None
    assert world.holds() == ["ApprovalNeeded"]


def test_a_request_whose_switch_was_given_up_is_not_spent() -> None:
    """Its slot fails between intent and switch, and comes back."""
    world, first, second = two_models()
    world.ask("promote", first, settle=False)
    while world.acts()[-1][:2] != ("intended", "promote"):
        world.step()
        world.cluster.api.sleep(1)
    target = world.links()[-1].fold.intent.slot
    world.down(target)
    assert world.acts()[-1][:2] == ("abandoned", "promote")
    assert world.serves() == second
    world.cluster.node.down.clear()
    world.settle()
    assert world.serves() == first
