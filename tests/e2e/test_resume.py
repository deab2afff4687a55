"""A crash of the train Pod loses at most one checkpoint interval, and changes no weight."""

import json
from pathlib import Path

import pytest

from sluice_api.layout import checkpoints_key
from support.node import PATIENCE_SECONDS, Node
from support.nodestory import MODEL, add_file, pack_spec, rows, run_spec
from support.teamspace import Raw, Teamspace

EVERY_STEPS = 20


@pytest.fixture
def racers(node: Node, model: Path) -> Teamspace:
    """Two runs of the same experiment, each of which trains by itself."""
    space = node.make_space("e2e-kill")
    node.import_model(space.name, model, MODEL)
    add_file(space, "rows", rows("Say it, please, number", 64))
    space.add("DatasetPack", "train", pack_spec("rows"))
    saving = {"everySteps": EVERY_STEPS, "keepLast": 3}
    for name in ("broken", "whole"):
        spec = run_spec(space, steps=300, checkpoint=saving, rerunPolicy="Always")
        space.add("TrainingRun", name, spec)
    return space


def records(space: Teamspace, run: str, stage: str) -> list[Raw]:
    """What is recorded of the attempts of a stage, in order."""
    found = [
        r for r in space.list("ControllerRevision") if r["metadata"]["name"].startswith(f"{run}-{stage}-")
    ]
    return [r["data"] for r in sorted(found, key=lambda r: int(r["revision"]))]


def saved_steps(node: Node, space: Teamspace, run: str) -> list[int]:
    """Steps whose checkpoint is complete."""
    resolved = space.get("TrainingRun", run).get("status", {}).get("resolved")
    if not resolved:
        return []
    folder = node.stored(space.name, checkpoints_key(resolved["fingerprint"]))
    return sorted(int(done.parent.name.removeprefix("step-")) for done in folder.glob("step-*/done-0.json"))


def train_pod(space: Teamspace, run: str) -> Raw:
    """The Pod that trains."""
    pods = space.list("Pod")
    return next(p for p in pods if p["metadata"]["name"].startswith(f"{run}-train-"))


def test_T16_a_killed_train_pod_resumes_and_ends_with_the_same_weights(node: Node, racers: Teamspace) -> None:
    racers.wait("a checkpoint", lambda: bool(saved_steps(node, racers, "broken")), PATIENCE_SECONDS)
    node.kill_container(train_pod(racers, "broken")["metadata"]["uid"])
    saved = saved_steps(node, racers, "broken")[-1]
    for name in ("broken", "whole"):
        racers.wait_condition("TrainingRun", name, "Finished", seconds=PATIENCE_SECONDS)
    first, second = records(racers, "broken", "train")
    assert (first["outcome"], first["exitCode"]) == ("Failed", 137)
    assert second["outcome"] == "Succeeded"
    assert second["report"]["resumedFrom"] >= saved >= EVERY_STEPS, json.dumps(second["report"])
    broken, whole = (racers.get("TrainingRun", name)["status"] for name in ("broken", "whole"))
    assert broken["attempts"]["failed"] == 1
    assert whole["attempts"]["failed"] == 0
    assert broken["resolved"]["fingerprint"] != whole["resolved"]["fingerprint"]
    assert broken["artifact"]["digest"] == whole["artifact"]["digest"]
