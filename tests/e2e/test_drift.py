"""What is live gets worse behind its Service: found in two ticks, left and kept out; no client notices."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sluice_demo.probe import Probe
from support.keepalive import KeepAlive
from support.node import PATIENCE_SECONDS, TINY, Node
from support.nodestory import LABELS, MODEL, add_file, gate_spec, pack_spec, rows, run_spec
from support.story import Story
from support.worse_endpoint import worsened

pytestmark = pytest.mark.slow

SPACE = "e2e-drift"
EVERY, DRAIN = 60, 30
END_SECONDS = 20
"""What a Pod takes to end once it is told to."""
CLIENTS = 10


@pytest.fixture(scope="module")
def watched(node: Node, model: Path) -> Iterator[Story]:
    """Two models were promoted one after the other, and the second is watched."""
    space = node.make_space(SPACE)
    node.import_model(space.name, model, MODEL)
    story = Story(node, space)
    add_file(space, "train-rows", rows("Say it, please, number", 64))
    add_file(space, "gold-rows", rows("Tell me, friend", 8))
    space.add("DatasetPack", "train", pack_spec("train-rows"))
    space.add("DatasetPack", "gold", pack_spec("gold-rows", purpose="Evaluation"))
    space.add("EvalGate", "gate", token_gate())
    space.add("TrainingRun", "first", run_spec(space), LABELS)
    space.add("Deployment", "live", deployment_spec())
    space.wait_condition("Deployment", "live", "Ready", seconds=2 * PATIENCE_SECONDS)
    first = story.digest
    space.add("TrainingRun", "second", run_spec(space, seed=2), LABELS)
    space.wait("the second promotion", lambda: story.digest != first, 2 * PATIENCE_SECONDS)
    yield story
    node.drop_spaces([SPACE], wait=True)


def token_gate() -> dict[str, Any]:
    """As the story's gate, by a metric of which the tiny model has something to lose."""
    spec = gate_spec({"selector": {"matchLabels": LABELS}}, generation={"maxNewTokens": 24})
    spec["criteria"][0]["metric"] = "squad_f1"
    return spec


def deployment_spec() -> dict[str, Any]:
    return {
        "gateRef": {"name": "gate"},
        "profile": TINY,
        "serving": {"maxModelLength": 256},
        "rollback": {"keepPreviousSeconds": 3600, "drainSeconds": DRAIN},
        "drift": {"everySeconds": EVERY, "actions": ["Alert", "HoldPromotions", "Rollback"]},
    }


def checks(story: Story, transition: int) -> list[dict[str, Any]]:
    """Drift records since a transition, oldest first."""
    found = [r["data"] for r in story.space.list("ControllerRevision") if r["data"].get("record") == "drift"]
    return sorted((r for r in found if r["transition"] == transition), key=lambda r: int(r["tick"]))


def newest_move(story: Story) -> dict[str, Any]:
    return dict(story.space.get("Deployment", "live")["status"]["history"][0])


@contextmanager
def live_is_worse(story: Story) -> Iterator[None]:
    """The engine of the live slot answers nonsense to new connections."""
    slot = story.space.get("Service", "live")["spec"]["selector"]["sluice.dev/slot"]
    pods = [p for p in story.space.list("Pod") if p["metadata"]["labels"].get("sluice.dev/slot") == slot]
    port = pods[0]["spec"]["containers"][0]["ports"][0]["containerPort"]
    with worsened(story.node.process_of(pods[0]["metadata"]["uid"]), port):
        yield


def test_a_model_that_got_worse_is_left_and_no_client_notices(watched: Story) -> None:
    space, second, move = watched.space, watched.digest, newest_move(watched)["transition"]
    space.wait(
        "a good check", lambda: any(c["result"] == "Good" for c in checks(watched, move)), PATIENCE_SECONDS
    )
    assert space.condition("Deployment", "live", "Drifted")["status"] == "False"
    good = len(checks(watched, move))
    probes = [Probe(watched.url, "live") for _ in range(CLIENTS)]
    kept = KeepAlive(watched.url, "live")
    for client in (*probes, kept):
        client.start()
        time.sleep(1 / CLIENTS)
    space.wait("the kept connection", lambda: len(kept.answers) >= 3)
    with live_is_worse(watched):
        space.wait("going back", lambda: newest_move(watched)["transition"] != move, PATIENCE_SECONDS)
        back = newest_move(watched)
        switched = datetime.fromisoformat(back["time"]).timestamp()
        time.sleep(max(0.0, switched + DRAIN + END_SECONDS + 5 - time.time()))
    for client in (*probes, kept):
        client.stop()
    assert back["cause"] == "drift"
    assert [c["result"] for c in checks(watched, move)][good:] == ["Bad", "Bad"]
    assert [e for p in probes for e in p.errors] == []
    assert sum(p.asked for p in probes) > CLIENTS * DRAIN
    assert kept.errors == []
    assert 0 < kept.last_seen(second) <= switched + DRAIN + END_SECONDS
    assert kept.last_seen(watched.digest) > switched


def test_what_was_left_stays_out(watched: Story) -> None:
    space = watched.space
    assert newest_move(watched)["cause"] == "drift", "the test above moved traffic back"
    refused = {r["digest"] for r in space.get("Deployment", "live")["status"]["refused"]}
    assert watched.digest not in refused
    assert space.get("TrainingRun", "second")["status"]["artifact"]["digest"] in refused
    assert space.condition("Deployment", "live", "RolledBack")["status"] == "True"
    move = newest_move(watched)["transition"]
    space.wait("a check of the earlier model", lambda: bool(checks(watched, move)), PATIENCE_SECONDS)
    assert checks(watched, move)[-1]["result"] == "Good"
    assert newest_move(watched)["transition"] == move
