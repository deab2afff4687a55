"""What is served must hold what was judged: a slot that is too short is never built."""

import pytest

from sluice_api.base import ApiModel
from sluice_operator.facts.gate import verdicts
from sluice_operator.model import Key
from support.quickstart import Stages
from support.simapi import NAMESPACE
from support.traffic import Traffic, two_models


def judged_with(window: int, **spec: object) -> Traffic:
    return Traffic(Stages(window=window), **spec)


def test_a_slot_that_cannot_hold_what_was_judged_is_not_built() -> None:
    world = judged_with(2_000, serving={"maxModelLength": 64})
    assert world.slots() == {}
    assert world.holds() == ["WindowTooSmall"]
    (hold,) = world.status["holds"]
    assert "up to 2000 tokens, and its slot would hold 64" in hold["message"]
    assert world.rests()
    world.edit()
    world.settle()
    assert world.serves() is not None


@pytest.mark.parametrize(("window", "length"), [(64, 64), (0, 64), (2_048, None)])
def test_a_slot_that_just_holds_it_or_a_verdict_that_does_not_tell_goes_live(
    window: int, length: int | None
) -> None:
    spec = {} if length is None else {"serving": {"maxModelLength": length}}
    assert judged_with(window, **spec).serves() is not None


def test_a_shorter_window_does_not_replace_what_is_live() -> None:
    world = judged_with(500)
    first, slots = world.serves(), world.slots()
    world.edit(serving={"maxModelLength": 256})
    world.settle()
    assert (world.serves(), world.slots()) == (first, slots)
    assert world.holds() == ["WindowTooSmall"]
    world.edit(serving={"maxModelLength": 512})
    world.settle()
    assert world.serves() == first
    assert world.slots() != slots


def test_a_person_and_a_pin_wait_for_a_window_that_is_long_enough() -> None:
    world = judged_with(500, serving={"maxModelLength": 256}, promotion={"policy": "Manual"})
    digest = world.artifact("good")
    world.ask("promote", digest)
    assert world.serves() is None
    assert "WindowTooSmall" in world.holds()
    world.edit(serving={"maxModelLength": 256}, promotion={"pin": digest})
    world.settle()
    assert world.serves() is None
    assert "WindowTooSmall" in world.holds()
    world.edit(serving={"maxModelLength": 1024}, promotion={"pin": digest})
    world.settle()
    assert world.serves() == digest


def test_going_back_needs_no_window() -> None:
    world, first, _ = two_models()
    world.stages.window = 500
    world.edit(serving={"maxModelLength": 64})
    world.settle()
    world.ask("rollback-to", first)
    assert world.serves() == first


def test_the_verdict_keeps_lengths_and_names_replies_that_were_cut() -> None:
    world = Traffic(Stages(window=700, cut=12))
    gate = world.cluster.observe(Key(NAMESPACE, "EvalGate", "gate"))
    assert gate is not None
    (given,) = verdicts(gate.me)
    assert isinstance(given, ApiModel)
    assert given.window_tokens == 700
    assert "(12 of 250 replies were cut at maxNewTokens)" in given.message


def test_a_suite_without_a_limit_gets_one_from_its_pack() -> None:
    stages = Stages(longest=200)
    Traffic(stages)
    asked = [
        e.request["suites"][0].get("generation") for e in stages.asked if e.stage in ("evaluate", "judge")
    ]
    assert asked
    assert all(generation == {"maxNewTokens": 216} for generation in asked)
