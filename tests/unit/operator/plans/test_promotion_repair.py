"""What was changed by hand is put back by a transition of its own, and the audit chain tells."""

from copy import deepcopy
from typing import Any

import pytest

from sluice_operator.children import serving
from support.traffic import LIVE, Traffic, two_models


def change_slot(world: Traffic, **container: Any) -> None:
    """Change the engine container of the live slot by hand."""
    slot = deepcopy(world.cluster.objects["AppsDeployment", str(world.slot())])
    slot["spec"]["template"]["spec"]["containers"][0] |= container
    world.cluster.put("AppsDeployment", slot)
    world.settle()


def template(world: Traffic) -> dict[str, Any]:
    """Pod spec of the live slot."""
    found = world.cluster.objects["AppsDeployment", str(world.slot())]
    return dict(found["spec"]["template"]["spec"])


@pytest.mark.parametrize(
    "change",
    [
        {"image": "evil"},
        {"command": ["serve", "something"]},
        {"lifecycle": {"postStart": {"exec": {"command": ["curl"]}}}},
        {"envFrom": [{"secretRef": {"name": "s"}}]},
        {"workingDir": "/elsewhere"},
        {"args": []},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_live_slot_that_was_changed_by_hand_is_put_back(change: dict[str, Any]) -> None:
    world = Traffic()
    before, pods = world.seen(), template(world)
    change_slot(world, **change)
    assert world.acts(before) == [
        ("intended", "repair", "traffic_tampered"),
        ("done", "repair", "traffic_tampered"),
    ]
    assert template(world) == pods
    assert world.rests()


def test_a_container_that_was_added_is_removed() -> None:
    world = Traffic()
    pods = template(world)
    slot = deepcopy(world.cluster.objects["AppsDeployment", str(world.slot())])
    slot["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "evil"})
    slot["spec"]["template"]["spec"]["hostNetwork"] = True
    world.cluster.put("AppsDeployment", slot)
    world.settle()
    assert template(world) == pods
    assert world.rests()


def test_what_the_api_server_adds_by_itself_is_no_tampering() -> None:
    world = Traffic()
    before = world.seen()
    change_slot(world, terminationMessagePath="/dev/termination-log", imagePullPolicy="IfNotPresent")
    assert world.acts(before) == []
    assert world.rests()


def test_a_slot_that_was_scaled_by_hand_is_put_back_without_a_transition() -> None:
    world = Traffic()
    before = world.seen()
    world.patch("AppsDeployment", str(world.slot()), replicas=5)
    world.settle()
    assert list(world.slots().values()) == [1]
    assert world.acts(before) == []


def test_a_kept_slot_that_was_changed_by_hand_is_put_back_before_it_takes_traffic() -> None:
    world, first, _ = two_models()
    slot = next(s for s in world.slots() if s != world.slot())
    changed = deepcopy(world.cluster.objects["AppsDeployment", slot])
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "evil"
    world.cluster.put("AppsDeployment", changed)
    world.settle()
    world.ask("rollback-to", first)
    assert world.serves() == first
    assert template(world)["containers"][0]["image"] == "vllm@sha256:1"


@pytest.mark.parametrize(
    "selector", [{"app": "mine"}, {}, {"sluice.dev/slot": "elsewhere"}, "kept and more"], ids=str
)
def test_a_selector_that_was_changed_by_hand_is_put_back(selector: dict[str, str] | str) -> None:
    world = Traffic()
    service = deepcopy(world.cluster.objects["Service", "live"])
    kept = service["spec"]["selector"]
    service["spec"]["selector"] = {**kept, "track": "x"} if isinstance(selector, str) else selector
    world.cluster.put("Service", service)
    world.settle()
    assert world.cluster.objects["Service", "live"]["spec"]["selector"] == kept
    assert world.rests()


def test_a_service_that_was_deleted_comes_back() -> None:
    world = Traffic()
    first = world.serves()
    world.cluster.drop("Service", "live")
    world.settle()
    assert world.serves() == first
    assert world.acts()[-1] == ("done", "repair", "traffic_tampered")


def test_a_saved_service_of_an_earlier_transition_is_not_live() -> None:
    world = Traffic()
    saved = deepcopy(world.cluster.objects["Service", "live"])
    world.train("better", 2)
    better = world.serves()
    now = world.cluster.objects["Service", "live"]
    annotations = saved["metadata"]["annotations"]
    world.cluster.put(
        "Service", now | {"spec": saved["spec"], "metadata": now["metadata"] | {"annotations": annotations}}
    )
    world.settle()
    assert world.serves() == better


def test_a_foreign_selector_before_any_promotion_is_cleared() -> None:
    world = Traffic(paused=True)
    related = world.cluster.observe(LIVE)
    assert related is not None
    service = serving.public_service(related.me.resource)
    service["spec"]["selector"] = {"app": "x"}
    world.cluster.put("Service", service)
    world.settle()
    assert not world.cluster.objects["Service", "live"]["spec"].get("selector")
    assert world.acts() == []


def test_a_repair_changes_neither_history_nor_windows() -> None:
    world, first, _ = two_models()
    world.wait(3000)
    history = world.status["history"]
    world.cluster.drop("Service", "live")
    world.settle()
    assert world.status["history"] == history
    world.wait(700)
    assert len(world.slots()) == 1
    assert first not in world.refused()


def test_a_live_slot_that_was_deleted_is_built_again() -> None:
    world, _, second = two_models(healthDeadlineSeconds=600)
    world.cluster.drop("AppsDeployment", str(world.slot()))
    world.settle()
    assert world.serves() == second


def test_a_slot_put_under_the_number_of_an_open_transition_is_not_live() -> None:
    """Between the switch and its record somebody leads traffic back by hand, and leaves the number."""
    world = Traffic()
    before = world.slot()
    world.train("better", 2, settle=False)
    while world.slot() == before:
        world.step()
        world.cluster.api.sleep(1)
    assert world.acts()[-1][0] == "intended"
    selector = world.cluster.objects["Service", "live"]["spec"]["selector"]
    world.patch("Service", "live", selector=selector | {"sluice.dev/slot": before})
    world.settle()
    assert world.serves() == world.artifact("better")
    told = [(phase, cause) for phase, cause, _ in world.acts(since=2)]
    assert told[:2] == [("intended", "automatic"), ("abandoned", "automatic")]
    assert told[2:] == [(phase, cause) for cause in ("repair", "automatic") for phase in ("intended", "done")]
