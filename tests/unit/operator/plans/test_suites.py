"""A suite is part of the bar: another one under the same name is told, and a pinned one is the only one."""

from typing import Any

from sluice_api.hashing import digest_of
from sluice_operator.model import Key
from support.quickstart import gate_spec, pack_spec, quickstart
from support.simapi import NAMESPACE
from support.traffic import Traffic, two_models

Raw = dict[str, Any]


def gate_of(world: Traffic) -> Raw:
    status: Raw = world.cluster.objects["EvalGate", "gate"]["status"]
    return status


def suite_digest(world: Traffic) -> str:
    return str(world.cluster.objects["DatasetPack", "gold"]["status"]["digest"])


def replace_suite(world: Traffic) -> tuple[str, str]:
    """Delete the suite and make it again from other rows; its digest before and after."""
    before = suite_digest(world)
    world.cluster.drop("DatasetPack", "gold")
    world.cluster.add("DatasetPack", "gold", pack_spec("easier", "Evaluation"))
    world.settle()
    return before, suite_digest(world)


def events(world: Traffic) -> list[str]:
    """Reasons of the Events that the next pass over the gate would write."""
    plan = world.cluster.plan(Key(NAMESPACE, "EvalGate", "gate"))
    return [event.reason.camel for event in plan.events] if plan else []


def conditions(status: Raw) -> dict[str, Raw]:
    return {c["type"]: c for c in status["conditions"]}


def test_another_suite_under_the_same_name_is_told() -> None:
    world, _, second = two_models()
    assert "SuiteChanged" not in conditions(gate_of(world))
    before, after = replace_suite(world)
    told = f"what Deployment live serves was judged on suite gold {before[:19]}, which is {after[:19]} now"
    found = conditions(gate_of(world))["SuiteChanged"]
    assert (found["status"], found["reason"]) == ("True", "SuiteChanged")
    assert told in found["message"]
    entry = next(v for v in gate_of(world)["verdicts"] if v["digest"] == second)
    assert entry["suiteDigests"] == [{"suite": "gold", "digest": after}]
    assert told in entry["message"]
    assert events(world) == []
    forgotten = world.cluster.objects["EvalGate", "gate"] | {"status": {}}
    world.cluster.put("EvalGate", forgotten)
    assert "SuiteChanged" in events(world)


def test_a_model_that_passed_another_suite_goes_live_with_a_word_in_the_audit() -> None:
    world, _, _ = two_models()
    before, after = replace_suite(world)
    world.train("third", 3)
    assert world.serves() == world.artifact("third")
    intended = [link for link in world.links() if link.phase == "intended"][-1]
    assert f"suite gold is {after[:19]}, it was {before[:19]}" in intended.message
    assert "SuiteChanged" not in conditions(gate_of(world))


def test_a_pinned_suite_is_the_only_one() -> None:
    cluster = quickstart()
    cluster.settle()
    digest = str(cluster.objects["DatasetPack", "gold"]["status"]["digest"])
    for pinned, is_stalled in ((digest, "False"), (digest_of("another"), "True")):
        suite = {"name": "gold", "datasetRef": {"name": "gold"}, "digest": pinned}
        gate = cluster.objects["EvalGate", "gate"]
        cluster.put("EvalGate", gate | {"spec": gate_spec(suites=[suite])})
        cluster.settle()
        status = cluster.objects["EvalGate", "gate"]["status"]
        assert conditions(status)["Stalled"]["status"] == is_stalled
    found = conditions(status)["Stalled"]
    assert found["reason"] == "SuiteChanged"
    assert f"pinned to {digest_of('another')}; DatasetPack gold has {digest}" in found["message"]


def test_a_pin_of_what_is_there_judges_nothing_again() -> None:
    world, _, _ = two_models()
    before = gate_of(world)["criteriaHash"]
    suite = {"name": "gold", "datasetRef": {"name": "gold"}, "digest": suite_digest(world)}
    world.patch("EvalGate", "gate", suites=[suite])
    world.settle()
    assert gate_of(world)["criteriaHash"] == before
