"""Candidates on their way: finished, cancelled, rejected, without room, and what happens meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from support.quickstart import LABELS, SETTINGS, run_spec
from support.simoperator import SimOperator
from support.traffic import Traffic, two_models


def until(world: Traffic, holds: Callable[[], bool], most: int = 400) -> None:
    """Go on second by second until something holds."""
    for _ in range(most):
        world.step()
        world.cluster.sleep(1)
        if holds():
            return
    raise AssertionError(f"it never came: {world.acts()[-4:]}")


def candidate(world: Traffic) -> str | None:
    """Slot of the model that is on its way."""
    slot: str | None = world.status.get("candidate", {}).get("slot")
    return slot


def test_two_candidates_within_a_second_end_the_same_whoever_was_first() -> None:
    ends = []
    for names in (("b1", "b2"), ("b2", "b1")):
        world = Traffic()
        world.cluster.sleep(60)
        for name in names:
            world.cluster.add("TrainingRun", name, run_spec(int(name[1]) + 1), LABELS)
        world.settle()
        times = {r["status"]["artifact"]["completedAt"] for r in world.cluster.of("TrainingRun")}
        assert len(times) == 2
        ends.append(world.serves())
        assert world.rests()
    assert ends[0] == ends[1]


def test_an_available_candidate_is_finished_before_a_newer_one_starts() -> None:
    world = Traffic(promotion={"soakSeconds": 400})
    world.train("better", 2, settle=False)
    until(world, lambda: world.condition("Progressing")[1] == "Soaking")
    first = candidate(world)
    world.train("third", 3)
    order = [link.slot for link in world.links() if link.phase == "done"]
    assert order[1] == first
    assert world.serves() == world.artifact("third")


def test_a_candidate_that_is_not_available_yet_gives_way_to_a_newer_one() -> None:
    world = Traffic()
    world.train("better", 2, settle=False)
    until(world, lambda: candidate(world) in world.slots())
    stuck = str(candidate(world))
    world.cluster.node.down.add(stuck)
    world.train("third", 3)
    assert world.serves() == world.artifact("third")
    assert stuck not in world.slots()


def test_a_rollback_cancels_the_candidate_on_its_way() -> None:
    world, first, _ = two_models()
    world.train("third", 3, settle=False)
    until(world, lambda: candidate(world) in world.slots())
    third = str(candidate(world))
    world.cluster.node.down.add(third)
    world.step()
    world.ask("rollback-to", first)
    assert world.links()[-1].cause == "rollback-to"
    assert world.slot() == world.links()[0].slot


def test_a_pause_cancels_the_candidate_on_its_way() -> None:
    world = Traffic(promotion={"soakSeconds": 300})
    world.train("better", 2, settle=False)
    until(world, lambda: world.condition("Progressing")[1] == "Soaking")
    going = candidate(world)
    world.edit(paused=True)
    world.settle()
    assert going not in world.slots()
    assert world.rests()


def test_a_candidate_that_never_gets_available_is_rejected_and_the_old_one_serves() -> None:
    world = Traffic(progressDeadlineSeconds=60)
    first = world.serves()
    world.train("better", 2, settle=False)
    until(world, lambda: candidate(world) in world.slots())
    world.cluster.node.down.add(str(candidate(world)))
    world.settle()
    assert world.serves() == first
    assert world.status["rejected"][0]["reason"] == "ProgressDeadlineExceeded"
    assert len(world.slots()) == 1
    assert world.rests()


def test_a_pinned_digest_that_was_rejected_says_how_it_may_go_live_again() -> None:
    world = Traffic(progressDeadlineSeconds=60)
    first = world.serves()
    world.train("better", 2, settle=False)
    until(world, lambda: candidate(world) in world.slots())
    world.cluster.node.down.add(str(candidate(world)))
    world.settle()
    world.edit(progressDeadlineSeconds=60, promotion={"pin": world.artifact("better")})
    world.settle()
    assert world.serves() == first
    assert world.holds() == ["CandidateRefused"]
    assert "clear-rollback" in world.status["holds"][0]["message"]


def test_what_was_rejected_is_tried_again_under_another_profile() -> None:
    world = Traffic(progressDeadlineSeconds=60)
    world.train("better", 2, settle=False)
    until(world, lambda: candidate(world) in world.slots())
    world.cluster.node.down.add(str(candidate(world)))
    world.settle()
    world.edit(progressDeadlineSeconds=60, serving={"maxModelLength": 512})
    world.settle()
    assert world.serves() == world.artifact("better")


def test_a_candidate_without_room_takes_that_of_the_previous_slot() -> None:
    world, first, _ = two_models(progressDeadlineSeconds=60)
    world.cluster.node.room = 2
    world.train("third", 3)
    assert world.serves() == world.artifact("third")
    assert first not in {s["metadata"]["annotations"]["sluice.dev/digest"] for s in _slots(world)}


def _slots(world: Traffic) -> list[dict]:  # type: ignore[type-arg]
    return world.cluster.of("AppsDeployment")


def test_a_candidate_without_any_room_waits_and_says_so() -> None:
    world = Traffic(progressDeadlineSeconds=60)
    first = world.serves()
    world.cluster.node.room = 1
    world.train("better", 2)
    assert world.serves() == first
    assert world.condition("Progressing") == ("True", "Unschedulable")
    assert world.status.get("rejected", []) == []
    world.cluster.node.room = 2
    world.wait(10)
    assert world.serves() == world.artifact("better")


def test_a_return_without_room_takes_nobodys() -> None:
    world, first, second = two_models(progressDeadlineSeconds=60)
    world.train("third", 3)
    third = world.artifact("third")
    world.cluster.node.room = 2
    world.ask("rollback-to", first)
    assert world.serves() == third
    assert second in {s["metadata"]["annotations"]["sluice.dev/digest"] for s in _slots(world)}
    assert world.condition("Progressing") == ("True", "Unschedulable")


def test_the_same_digest_from_another_place_is_tried_again_after_damage() -> None:
    world = Traffic()
    first = world.serves()
    assert first is not None
    world.train("better", 2, settle=False)
    until(world, lambda: candidate(world) in world.slots())
    better = world.artifact("better")
    world.cluster.node.gone.add(better)
    world.settle()
    assert world.serves() == first
    assert world.status["rejected"][0]["reason"] == "ArtifactDigestMismatch"
    world.cluster.node.gone.clear()
    again = next(a for a in world.stages.artifacts.values() if a["digest"] == better)
    again["uri"] += "-again"
    world.cluster.drop("TrainingRun", "better")
    world.cluster.add("TrainingRun", "better", run_spec(2), LABELS)
    world.settle()
    assert world.serves() == better


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_leaves_traffic_alone(hours: int) -> None:
    world, _, second = two_models()
    jump = hours * 3600.0
    world.cluster.operator = _restarted(world, lambda: world.now + timedelta(seconds=jump))
    world.settle()
    assert world.serves() == second
    world.train("third", 3)
    third = world.artifact("third")
    assert world.serves() == third
    world.cluster.operator = _restarted(world, lambda: world.now)
    world.wait(10)
    assert world.serves() == third
    assert world.refused() == []


def _restarted(world: Traffic, clock: Callable[[], object]) -> SimOperator:
    world.cluster.operator.kill()
    operator = SimOperator(world.cluster.api, SETTINGS, "operator")
    operator._now = clock  # type: ignore[assignment]
    return operator


def test_the_operator_was_down_across_a_promotion() -> None:
    world = Traffic()
    world.train("better", 2, settle=False)
    until(world, lambda: world.links()[-1].phase == "intended" and world.links()[-1].sequence > 1)
    world.cluster.operator.kill()
    world.cluster.sleep(7200)
    world.cluster.operator = SimOperator(world.cluster.api, SETTINGS, "operator")
    world.settle()
    assert world.serves() == world.artifact("better")


def test_the_operator_was_down_across_a_rollback_window() -> None:
    world, first, second = two_models()
    world.cluster.operator.kill()
    world.cluster.node.down.add(str(world.slot()))
    world.cluster.play()
    world.cluster.sleep(7200)
    world.cluster.operator = SimOperator(world.cluster.api, SETTINGS, "operator")
    world.settle()
    assert world.serves() == first
    assert world.refused() == [second]


def test_a_verified_slot_is_known_by_its_uid() -> None:
    """A slot that was deleted and built again under its name is verified again."""
    world, first, _ = two_models()
    slot = next(s for s in world.slots() if s != world.slot())
    before = len(_verified(world))
    world.cluster.drop("AppsDeployment", slot)
    world.ask("rollback-to", first)
    assert world.slot() == slot
    assert len(_verified(world)) == before + 1


def _verified(world: Traffic) -> list[dict]:  # type: ignore[type-arg]
    found = [r["data"] for r in world.cluster.of("ControllerRevision")]
    return [r for r in found if r.get("stage") == "verify"]


def test_a_kept_slot_that_is_promoted_again_is_verified_again() -> None:
    """What was good before traffic moved says nothing about now; only a return need not ask."""
    world, first, _ = two_models()
    world.cluster.writes.clear()
    world.ask("promote", first)
    assert world.serves() == first
    assert [
        name
        for verb, kind, name in world.cluster.writes
        if (verb, kind) == ("create", "Job") and "-verify-" in name
    ]
    assert not [w for w in world.cluster.writes if w[:2] == ("create", "AppsDeployment")]
