"""A crash of the train Pod loses at most one checkpoint interval, and changes no weight."""

import json
from pathlib import Path

import pytest

from support.attempts import records, saved_steps, train_pods
from support.node import PATIENCE_SECONDS, Node
from support.nodestory import MODEL, add_file, pack_spec, rows, run_spec
from support.teamspace import Teamspace

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


def test_T16_a_killed_train_pod_resumes_and_ends_with_the_same_weights(node: Node, racers: Teamspace) -> None:
    racers.wait("a checkpoint", lambda: bool(saved_steps(node, racers, "broken")), PATIENCE_SECONDS)
    node.kill_container(train_pods(racers, "broken")[0]["metadata"]["uid"])
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
