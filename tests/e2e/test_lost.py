"""A train Pod is taken away, starved or never placed: each end has its reason and its budget."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluice_api import meta, reasons
from sluice_api.contracts.envelope import ExitCode
from support.attempts import records, running_train_pod, saved_steps, train_pods
from support.node import PATIENCE_SECONDS, TIGHT, VAST, Node
from support.nodestory import MODEL, add_file, pack_spec, rows, run_spec
from support.teamspace import Raw, Teamspace

pytestmark = pytest.mark.slow

EVERY_STEPS = 20
SAVING: dict[str, Any] = {
    "checkpoint": {"everySteps": EVERY_STEPS, "keepLast": 3},
    "rerunPolicy": "Always",
    "steps": 300,
}
KILLED = 137
"""Exit code after SIGKILL."""


@pytest.fixture(scope="module")
def space(node: Node, model: Path) -> Teamspace:
    """Rows and a model; each test adds its own run."""
    made = node.make_space("e2e-lost")
    node.import_model(made.name, model, MODEL)
    add_file(made, "rows", rows("Say it, please, number", 64))
    made.add("DatasetPack", "train", pack_spec("rows"))
    return made


def evict(space: Teamspace, pod: str) -> None:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": space.name}}
    answer = space.api.call("POST", f"/api/v1/namespaces/{space.name}/pods/{pod}/eviction", body)
    assert answer.code == 201, answer.message


def delete_pod(space: Teamspace, pod: str) -> None:
    space.delete("Pod", pod)


def delete_job(space: Teamspace, pod: str) -> None:
    space.delete("Job", space.get("Pod", pod)["metadata"]["labels"]["job-name"])


def take_away(
    node: Node, space: Teamspace, run: str, hurt: Callable[[Teamspace, str], None]
) -> tuple[Raw, int]:
    """Do it while the run trains. The status that its Pod ended with, and the newest step saved before."""
    space.add("TrainingRun", run, run_spec(space, **SAVING))
    space.wait("a checkpoint", lambda: bool(saved_steps(node, space, run)), PATIENCE_SECONDS)
    pod, saved = running_train_pod(space, run), saved_steps(node, space, run)[-1]
    hurt(space, pod)
    last: Raw = {}

    def gone() -> bool:
        found = space.find("Pod", pod)
        last.update(found["status"] if found else {})
        return found is None

    space.wait("the end of the Pod", gone, PATIENCE_SECONDS)
    space.wait_condition("TrainingRun", run, "Finished", seconds=PATIENCE_SECONDS)
    assert space.condition("TrainingRun", run, "Succeeded")["status"] == "True"
    return last, saved


@pytest.mark.parametrize(
    ("hurt", "disruption"),
    [(evict, "EvictionByEvictionAPI"), pytest.param(delete_pod, None, marks=pytest.mark.slow)],
)
def test_a_train_pod_that_is_taken_away_is_replaced_within_its_attempt(
    node: Node, space: Teamspace, hurt: Callable[[Teamspace, str], None], disruption: str | None
) -> None:
    run = hurt.__name__.replace("_", "-")
    last, saved = take_away(node, space, run, hurt)
    told = {c["type"]: c.get("reason") for c in last["conditions"]}
    assert told.get("DisruptionTarget") == disruption
    ended = last["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == ExitCode.STOPPED_ON_REQUEST, ended
    (record,) = records(space, run, "train")
    assert (record["outcome"], record["attempt"]) == ("Succeeded", 1)
    assert record["report"]["resumedFrom"] >= saved >= EVERY_STEPS
    assert space.get("TrainingRun", run)["status"]["attempts"]["failed"] == 0


@pytest.mark.slow
def test_a_deleted_train_job_is_an_interrupted_attempt(node: Node, space: Teamspace) -> None:
    _, saved = take_away(node, space, "jobless", delete_job)
    first, second = records(space, "jobless", "train")
    assert (first["outcome"], first["reason"]) == ("Interrupted", reasons.JOB_DELETED.code)
    assert (second["outcome"], second["attempt"]) == ("Succeeded", 2)
    assert second["report"]["resumedFrom"] >= saved >= EVERY_STEPS
    attempts = space.get("TrainingRun", "jobless")["status"]["attempts"]
    assert (attempts["failed"], attempts["preempted"]) == (0, 1)


@pytest.mark.slow
def test_training_that_the_kernel_kills_for_memory_goes_on_smaller(space: Teamspace) -> None:
    add_file(space, "long-rows", rows("Say it, please, " * 25, 512))
    space.add("DatasetPack", "long", pack_spec("long-rows"))
    spec = run_spec(space, steps=2, profile=TIGHT, preflight={"mode": "Open"})
    sizes = {"globalBatchSize": 256, "microBatchSize": 256, "sequenceLength": 512}
    spec["hyperparameters"] |= sizes
    spec["datasetRef"]["name"] = "long"
    space.add("TrainingRun", "starved", spec)
    space.wait_condition("TrainingRun", "starved", "Finished", seconds=PATIENCE_SECONDS)
    assert space.condition("TrainingRun", "starved", "Succeeded")["status"] == "True"
    *killed, last = records(space, "starved", "train")
    ends = {(r["outcome"], r["reason"], r["exitCode"]) for r in killed}
    assert ends == {("Failed", reasons.OUT_OF_MEMORY.code, KILLED)}
    size = 256 >> len(killed)
    assert f"microBatchSize {size}, because 256 took too much memory" in last["message"]
    assert space.get("TrainingRun", "starved")["status"]["attempts"]["failed"] == len(killed)


@pytest.mark.slow
def test_a_run_whose_time_is_over_stands_still_and_keeps_its_checkpoint(node: Node, space: Teamspace) -> None:
    spec = run_spec(
        space, **SAVING | {"steps": 1_000_000, "activeDeadlineSeconds": 90}, preflight={"mode": "Open"}
    )
    space.add("TrainingRun", "late", spec)
    space.wait_condition("TrainingRun", "late", "Stalled", seconds=PATIENCE_SECONDS)
    (record,) = records(space, "late", "train")
    ended = (record["outcome"], record["reason"], record["exitCode"])
    assert ended == ("Failed", reasons.DEADLINE_EXCEEDED.code, ExitCode.DEADLINE_EXCEEDED)
    assert saved_steps(node, space, "late")
    stalled = space.condition("TrainingRun", "late", "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", reasons.DEADLINE_EXCEEDED.camel)
    assert space.get("TrainingRun", "late")["status"]["attempts"]["failed"] == 1


@pytest.mark.slow
def test_a_train_pod_that_no_node_takes_is_tried_again_and_uses_no_budget(
    space: Teamspace,
) -> None:
    spec = run_spec(space, profile=VAST, activeDeadlineSeconds=120, rerunPolicy="Always")
    space.add("TrainingRun", "unplaced", spec)
    space.wait("the end of an attempt", lambda: bool(records(space, "unplaced", "train")), PATIENCE_SECONDS)
    first = records(space, "unplaced", "train")[0]
    assert (first["outcome"], first["reason"]) == ("Interrupted", reasons.UNSCHEDULABLE.code)
    assert "exitCode" not in first

    def next_attempt() -> bool:
        numbers = {p["metadata"]["labels"][meta.LABEL_ATTEMPT] for p in train_pods(space, "unplaced")}
        return numbers == {"2"}

    space.wait("the next attempt's Pod", next_attempt, PATIENCE_SECONDS)
    attempts = space.get("TrainingRun", "unplaced")["status"]["attempts"]
    assert (attempts["failed"], attempts["preempted"]) == (0, 1)
    space.wait(
        "the reason in the condition",
        lambda: (
            space.condition("TrainingRun", "unplaced", "Ready").get("reason") == reasons.UNSCHEDULABLE.camel
        ),
    )
    assert space.condition("TrainingRun", "unplaced", "Stalled")["status"] == "False"
    # It would be tried again for ever, and an idle cluster is asked for later.
    space.delete("TrainingRun", "unplaced")
