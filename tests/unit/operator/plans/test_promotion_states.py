"""X10: pending, promoted, rejected, superseded, rolled back; each illegal move gives its code."""

import pytest

from sluice_api.decisions import Decision
from support.quickstart import Stages, gate_spec
from support.traffic import Traffic, two_models


def state(world: Traffic, digest: str) -> str:
    """Where a model stands, as the status tells it."""
    status = world.status
    if status.get("active", {}).get("digest") == digest:
        return "promoted"
    if digest in world.refused():
        return "rolled back"
    if digest in [r["digest"] for r in status.get("rejected", [])]:
        return "rejected"
    if digest in [h["digest"] for h in status.get("history", [])]:
        return "superseded"
    return "pending"


def test_X10_every_legal_move() -> None:
    stages = Stages(verdict=lambda _: "Inconclusive")
    world = Traffic(stages)
    first = world.artifact("good")
    assert (state(world, first), world.status["phase"]) == ("pending", "Pending")
    stages.verdict = lambda _: "Pass"
    world.cluster.drop("EvalGate", "gate")
    world.cluster.add("EvalGate", "gate", gate_spec())
    world.settle()
    assert (state(world, first), world.status["phase"]) == ("promoted", "Serving")
    world.train("better", 2)
    better = world.artifact("better")
    assert (state(world, first), state(world, better)) == ("superseded", "promoted")
    world.ask("rollback-to", first)
    assert (state(world, first), state(world, better)) == ("promoted", "rolled back")
    assert world.status["phase"] == "RolledBack"
    world.cluster.node.gone.add(digest_of_run(3))
    world.train("broken", 3)
    assert state(world, world.artifact("broken")) == "rejected"


def digest_of_run(seed: int) -> str:
    """Digest that a run with this seed makes, whatever else there is."""
    world = Traffic()
    world.train("probe", seed)
    return world.artifact("probe")


@pytest.mark.parametrize(
    ("decision", "which", "code"),
    [
        ("promote", "live", "request_no_op"),
        ("rollback-to", "live", "request_no_op"),
        ("promote", "failed", "deployment_promote_blocked"),
        ("rollback-to", "failed", "request_impossible"),
        ("clear-rollback", "live", "request_no_op"),
    ],
)
def test_X10_an_illegal_move_gives_its_code(decision: Decision, which: str, code: str) -> None:
    stages = Stages()
    world = Traffic(stages)
    world.train("better", 2)
    good = world.artifact("better")
    stages.verdict = lambda digest: "Fail" if digest not in (good, world.artifact("good")) else "Pass"
    world.train("bad", 3)
    digest = {"live": good, "failed": world.artifact("bad")}[which]
    world.ask(decision, digest)
    assert world.acts()[-1] == ("spent", decision, code)
    assert state(world, good) == "promoted"


def test_X10_rolled_back_never_becomes_promoted_by_itself() -> None:
    world, first, second = two_models()
    world.ask("rollback-to", first)
    for _ in range(5):
        world.wait(4000)
    assert (state(world, first), state(world, second)) == ("promoted", "rolled back")
    assert world.condition("Progressing") == ("False", "CandidateRefused")


def test_X10_a_failed_promotion_leaves_traffic_where_it_was() -> None:
    world = Traffic(progressDeadlineSeconds=30)
    first, slot = world.serves(), world.slot()
    world.cluster.node.gone.add(digest_of_run(2))
    world.train("better", 2)
    assert state(world, world.artifact("better")) == "rejected"
    assert (world.serves(), world.slot()) == (first, slot)
