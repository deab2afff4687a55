"""The store goes away while a stage runs: told in the condition, tried again, and nobody has to help."""

from pathlib import Path

import pytest

from sluice_api import reasons
from support.node import PATIENCE_SECONDS, Node
from support.nodestory import MODEL, add_file, pack_spec, rows, run_spec


def test_a_stage_outlives_an_outage_of_the_store(node: Node) -> None:
    space = node.make_space("e2e-outage")
    add_file(space, "rows", rows("Say it, please, number", 4))
    with node.storage_outage():
        space.add("DatasetPack", "pack", pack_spec("rows"))
        space.wait(
            "the outage in the condition",
            lambda: (
                space.condition("DatasetPack", "pack", "Ready").get("reason")
                == reasons.STORAGE_UNAVAILABLE.camel
            ),
            PATIENCE_SECONDS,
        )
        told = space.condition("DatasetPack", "pack", "Reconciling")
        assert (told["status"], told["reason"]) == ("True", reasons.STORAGE_UNAVAILABLE.camel)
        assert space.condition("DatasetPack", "pack", "Stalled")["status"] == "False"
    space.wait_condition("DatasetPack", "pack", "Ready", seconds=PATIENCE_SECONDS)
    assert space.get("DatasetPack", "pack")["status"]["rows"]["accepted"] == 4


@pytest.mark.slow
def test_training_outlives_an_outage_of_the_store(node: Node, model: Path) -> None:
    space = node.make_space("e2e-outage-train")
    node.import_model(space.name, model, MODEL)
    add_file(space, "rows", rows("Say it, please, number", 64))
    space.add("DatasetPack", "train", pack_spec("rows"))
    saving = {"everySteps": 20}
    space.add("TrainingRun", "run", run_spec(space, steps=600, checkpoint=saving))
    checkpoints = node.stored(space.name, "train")
    space.wait("a checkpoint", lambda: any(checkpoints.rglob("done-0.json")), PATIENCE_SECONDS)
    with node.storage_outage():
        space.wait(
            "the outage in the condition",
            lambda: (
                space.condition("TrainingRun", "run", "Ready").get("reason")
                == reasons.STORAGE_UNAVAILABLE.camel
            ),
            PATIENCE_SECONDS,
        )
    space.wait_condition("TrainingRun", "run", "Succeeded", seconds=PATIENCE_SECONDS)
    status = space.get("TrainingRun", "run")["status"]
    assert status["attempts"]["failed"] == 0, "an outage must not use the retry budget"
    assert status["attempts"]["preempted"] >= 1
