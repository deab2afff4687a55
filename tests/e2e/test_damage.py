"""One byte changed in the store: found, told, never served, and what served before goes on serving."""

from pathlib import Path

import pytest

from sluice_api import reasons
from sluice_demo.probe import Probe, ask
from support.node import PATIENCE_SECONDS
from support.nodestory import LABELS, gate_spec, run_spec
from support.story import Story

MISMATCH = reasons.ARTIFACT_DIGEST_MISMATCH


def flip_byte(file: Path) -> None:
    """Change one byte in the middle; size and name stay."""
    with file.open("r+b") as data:
        data.seek(file.stat().st_size // 2)
        byte = data.read(1)[0]
        data.seek(-1, 1)
        data.write(bytes([byte ^ 1]))


@pytest.fixture(scope="module")
def damaged(story: Story) -> str:
    """Digest of a newer artifact that passed the gate and was changed afterwards."""
    space = story.space
    space.patch("Deployment", "live", {"spec": {"paused": True}})
    space.add("TrainingRun", "second", run_spec(space, seed=2), LABELS)
    space.wait_condition("TrainingRun", "second", "Succeeded", seconds=PATIENCE_SECONDS)
    artifact = space.get("TrainingRun", "second")["status"]["artifact"]

    def passed() -> bool:
        told = space.get("EvalGate", "gate")["status"].get("verdicts", [])
        return any(v["digest"] == artifact["digest"] and v["verdict"] == "Pass" for v in told)

    space.wait("the verdict about the newer artifact", passed, PATIENCE_SECONDS)
    flip_byte(story.node.stored(space.name, f"{artifact['uri']}/model.safetensors"))
    return str(artifact["digest"])


def test_a_damaged_candidate_is_never_served(story: Story, damaged: str) -> None:
    space, live = story.space, story.digest
    assert live != damaged
    before = space.get("Service", "live")["spec"]["selector"]
    probe = Probe(story.url, "live")
    probe.start()
    space.patch("Deployment", "live", {"spec": {"paused": False}})

    def rejected() -> dict[str, str]:
        told = space.get("Deployment", "live")["status"].get("rejected", [])
        return next((r for r in told if r["digest"] == damaged), {})

    space.wait("the rejection", lambda: bool(rejected()), PATIENCE_SECONDS)
    space.wait_condition("Deployment", "live", "Ready")
    probe.stop()
    assert rejected()["reason"] == MISMATCH.camel
    assert "model.safetensors" in rejected()["message"]
    assert MISMATCH.next_step in rejected()["message"]
    assert space.get("Service", "live")["spec"]["selector"] == before
    assert story.digest == live
    assert probe.asked > 0
    assert probe.errors == []


def test_a_damaged_artifact_is_not_evaluated(story: Story, damaged: str) -> None:
    space = story.space
    spec = gate_spec({"trainingRunRef": {"name": "second"}}, maxSamples=4)
    space.add("EvalGate", "other", spec)
    space.wait_condition("EvalGate", "other", "Stalled", seconds=PATIENCE_SECONDS)
    stalled = space.condition("EvalGate", "other", "Stalled")
    assert stalled["reason"] == MISMATCH.camel, stalled["message"]
    assert "model.safetensors" in stalled["message"]
    assert MISMATCH.next_step in stalled["message"]
    assert space.condition("EvalGate", "other", "Passed")["status"] == "False"


@pytest.mark.slow
def test_a_re_created_run_is_trained_again_and_served(story: Story, damaged: str) -> None:
    space, live = story.space, story.digest
    space.delete("TrainingRun", "second")
    space.wait("the run is gone", lambda: space.find("TrainingRun", "second") is None)
    space.add("TrainingRun", "second", run_spec(space, seed=2), LABELS)
    space.wait_condition("TrainingRun", "second", "Succeeded", seconds=PATIENCE_SECONDS)
    artifact = space.get("TrainingRun", "second")["status"]["artifact"]
    assert artifact["adopted"] is False
    assert artifact["digest"] == damaged, "the same experiment, trained again, has the same weights"
    assert live != damaged
    space.patch("Deployment", "live", {"spec": {"paused": False}})
    space.wait("the promotion", lambda: story.digest == damaged, 2 * PATIENCE_SECONDS)
    assert ask(story.url, damaged, "Tell me, friend 1", 24, 60).strip()
