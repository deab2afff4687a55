"""Pins: exactly this digest, or why not."""

import pytest

from support.quickstart import Stages
from support.traffic import Traffic, nobody, two_models


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
