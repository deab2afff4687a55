"""The store goes away while a stage runs: told in the condition, tried again, and nobody has to help."""

import time
from pathlib import Path

import pytest

from sluice_api import meta, reasons
from support.attempts import records, saved_steps
from support.node import PATIENCE_SECONDS, Node
from support.nodestory import MODEL, add_file, apply_story, pack_spec, rows, run_spec
from support.teamspace import Raw, Teamspace

OUTAGE_SECONDS = 60
AWAY = reasons.STORAGE_UNAVAILABLE
GIVE_UP = {"pack", "prepare", "package", "evaluate", "judge", "verify", "ledger"}
"""Stages that end when the store is away for so long, and are tried again by the operator."""
STAGES = {*GIVE_UP, "train", "fetch"}


def test_a_stage_outlives_an_outage_of_the_store(node: Node) -> None:
    space = node.make_space("e2e-outage")
    add_file(space, "rows", rows("Say it, please, number", 4))
    with node.storage_outage():
        space.add("DatasetPack", "pack", pack_spec("rows"))
        space.wait(
            "the outage in the condition",
            lambda: space.condition("DatasetPack", "pack", "Ready").get("reason") == AWAY.camel,
            PATIENCE_SECONDS,
        )
        told = space.condition("DatasetPack", "pack", "Reconciling")
        assert (told["status"], told["reason"]) == ("True", AWAY.camel)
        assert space.condition("DatasetPack", "pack", "Stalled")["status"] == "False"
    space.wait_condition("DatasetPack", "pack", "Ready", seconds=PATIENCE_SECONDS)
    assert space.get("DatasetPack", "pack")["status"]["rows"]["accepted"] == 4


@pytest.mark.slow
def test_training_outlives_a_minute_without_the_store_and_repeats_no_step(node: Node, model: Path) -> None:
    space = node.make_space("e2e-outage-train")
    node.import_model(space.name, model, MODEL)
    add_file(space, "rows", rows("Say it, please, number", 64))
    space.add("DatasetPack", "train", pack_spec("rows"))
    space.add("TrainingRun", "run", run_spec(space, steps=600, checkpoint={"everySteps": 20}))
    space.wait("a checkpoint", lambda: bool(saved_steps(node, space, "run")), PATIENCE_SECONDS)
    with node.storage_outage():
        time.sleep(OUTAGE_SECONDS)
    space.wait_condition("TrainingRun", "run", "Succeeded", seconds=PATIENCE_SECONDS)
    (record,) = records(space, "run", "train")
    assert (record["outcome"], record["report"].get("resumedFrom", 0)) == ("Succeeded", 0)
    attempts = space.get("TrainingRun", "run")["status"]["attempts"]
    assert attempts["failed"] == 0, "an outage must not use the retry budget"


@pytest.mark.slow
@pytest.mark.timeout(6 * PATIENCE_SECONDS)
def test_every_stage_outlives_a_minute_without_the_store(node: Node, model: Path) -> None:
    space = node.make_space("e2e-outage-all")
    node.import_model(space.name, model, MODEL)
    apply_story(space)
    left = set(STAGES)
    while left:
        wait_for_one_of(space, left)
        with node.storage_outage():
            left -= running_stages(space)
            time.sleep(OUTAGE_SECONDS)
    space.wait_condition("Deployment", "live", "Ready", seconds=PATIENCE_SECONDS)
    space.wait_condition("Deployment", "live", "AuditArchived", seconds=PATIENCE_SECONDS)
    ends = [r["data"] for r in space.list("ControllerRevision") if "exitCode" in r["data"]]
    assert {e["stage"] for e in ends if e["reason"] == AWAY.code} >= GIVE_UP
    assert [e for e in ends if e["outcome"] == "Failed"] == []
    assert sum(c["restartCount"] for pod in slot_pods(space) for c in fetches(pod)) >= 1


def wait_for_one_of(space: Teamspace, stages: set[str]) -> None:
    space.wait(f"one of {sorted(stages)}", lambda: bool(stages & running_stages(space)), PATIENCE_SECONDS)


def slot_pods(space: Teamspace) -> list[Raw]:
    return [p for p in space.list("Pod") if meta.LABEL_SLOT in p["metadata"]["labels"]]


def fetches(pod: Raw) -> list[Raw]:
    """How the init container of a slot stands."""
    return list(pod.get("status", {}).get("initContainerStatuses", []))


def running_stages(space: Teamspace) -> set[str]:
    """Stages whose container runs now."""
    jobs = {
        p["metadata"]["labels"][meta.LABEL_STAGE]
        for p in space.list("Pod")
        if meta.LABEL_STAGE in p["metadata"]["labels"]
        and any("running" in c["state"] for c in p.get("status", {}).get("containerStatuses", []))
    }
    fetching = any("running" in c["state"] for pod in slot_pods(space) for c in fetches(pod))
    return jobs | ({"fetch"} if fetching else set())
