"""What people type: wait, get, apply with a typo, describe, helm again."""

import json
import sys
from pathlib import Path

import pytest

from sluice_api import meta, reasons
from sluice_demo import install
from sluice_demo.probe import ask
from sluice_localcluster.errors import LocalClusterError
from support.nodestory import run_spec
from support.story import Story


@pytest.mark.parametrize(
    ("what", "condition"),
    [
        ("datasetpack/train", "Ready"),
        ("trainingrun/first", "Finished"),
        ("evalgate/gate", "Passed"),
        ("modeldeployment/live", "Ready"),
        ("modeldeployment/live", "Available"),
    ],
)
def test_kubectl_wait_understands_our_conditions(story: Story, what: str, condition: str) -> None:
    said = story.kubectl("wait", what, f"--for=condition={condition}", "--timeout=10s")
    assert "condition met" in said


def test_kubectl_get_tells_the_story_of_all_kinds(story: Story) -> None:
    told = {line.split()[0]: line.split() for line in story.kubectl("get", "sluice").splitlines() if line}
    assert told["datasetpack.sluice.dev/train"][1:5] == ["True", "Ready", "64", "0"]
    assert told["trainingrun.sluice.dev/first"][1:4] == ["True", "Succeeded", "100"]
    assert told["evalgate.sluice.dev/gate"][1:5] == ["True", "Pass", "Pass", "first"]
    assert told["deployment.sluice.dev/live"][1:4] == ["True", "Serving", "first"]


def test_a_typo_is_named_before_anything_is_stored(story: Story) -> None:
    spec = run_spec(story.space)
    spec["hyperparameters"]["learningrate"] = spec["hyperparameters"].pop("learningRate")
    wrong = {
        "apiVersion": meta.API_VERSION,
        "kind": "TrainingRun",
        "metadata": {"name": "typo"},
        "spec": spec,
    }
    with pytest.raises(LocalClusterError, match=r'unknown field "spec\.hyperparameters\.learningrate"'):
        story.kubectl("apply", "-f", "-", stdin=json.dumps(wrong))
    assert story.space.find("TrainingRun", "typo") is None


def test_events_tell_the_story_by_reasons_of_the_list(story: Story) -> None:
    path = f"/apis/events.k8s.io/v1/namespaces/{story.space.name}/events"
    events = story.space.api.call("GET", path).body["items"]
    ours = [e for e in events if e["reportingController"] == "sluice-operator"]
    told = {(e["regarding"]["kind"], e["reason"]) for e in ours}
    assert {reason for _, reason in told} <= set(reasons.BY_CAMEL)
    assert {
        ("DatasetPack", reasons.PACKED.camel),
        ("TrainingRun", reasons.TRAINED.camel),
        ("EvalGate", reasons.PASSED.camel),
        ("Deployment", reasons.PROMOTED.camel),
    } <= told


@pytest.mark.parametrize("stage", ["prepare", "train", "package"])
def test_logs_of_a_run_are_read_stage_by_stage(story: Story, stage: str) -> None:
    plugin = str(Path(sys.executable).with_name("kubectl-sluice"))
    where = ("-n", story.space.name, "--stage", stage)
    said = story.node.kube.run(plugin, "logs", "trainingrun/first", *where)
    assert said.startswith(f"{stage}/1 # Pod first-{stage}-"), said
    # The report goes to another stream than the log, so either may be the last line.
    last = said.rstrip().split("\n")[-2:]
    assert all(line.startswith(f"{stage}/1 | ") for line in last)
    assert any('"message": "done"' in line for line in last)


def test_the_endpoint_answers_and_names_its_digest(story: Story) -> None:
    for model in ("live", story.digest):
        assert ask(story.url, model, "Tell me, friend 1", 24, 60).strip()


def test_helm_upgrade_again_changes_nothing(story: Story) -> None:
    def state() -> tuple[str, str]:
        pods = ["-n", install.SYSTEM, "-o", "jsonpath={.items[*].metadata.uid}"]
        manifest = story.node.kube.run("helm", "get", "manifest", "sluice", "-n", install.SYSTEM)
        return story.node.kube.kubectl("get", "pods", *pods), manifest

    before = state()
    story.node.upgrade(story.node.values())
    assert state() == before
