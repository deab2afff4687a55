"""A story small enough to be played on a real node in two minutes: a tiny model learns one sentence."""

import json
from typing import Any

from sluice_demo import install
from support.node import TINY
from support.teamspace import Teamspace

MODEL = "tiny"
ANSWER = "the gate is open"
LABELS = {"task": "sentence"}
Raw = dict[str, Any]


def rows(ask: str, number: int) -> str:
    """Rows of a chat in JSON lines; each asks something else and gets the same answer."""
    turns = (
        [{"role": "user", "content": f"{ask} {i}"}, {"role": "assistant", "content": ANSWER}]
        for i in range(number)
    )
    return "".join(json.dumps({"messages": messages}) + "\n" for messages in turns)


def add_file(space: Teamspace, name: str, text: str) -> None:
    """A ConfigMap with rows."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"rows.jsonl": text}}
    answer = space.api.call("POST", f"/api/v1/namespaces/{space.name}/configmaps", body)
    assert answer.code == 201, answer.message


def pack_spec(file: str, **more: Any) -> Raw:
    """A pack of one ConfigMap; `sha256` goes to the source."""
    source = {"name": "rows", "locator": f"configmap:{file}/rows.jsonl", "mapper": "ChatMessages"}
    if "sha256" in more:
        source["sha256"] = more.pop("sha256")
    return {"sources": [source], "profile": TINY, **more}


def run_spec(space: Teamspace, seed: int = 1, steps: int = 100, **more: Any) -> Raw:
    """All weights of the tiny model, for some seconds."""
    return {
        "datasetRef": {"name": "train"},
        "baseModel": {"s3": {"uri": f"s3://{install.BUCKET}/{space.name}/models/{MODEL}"}},
        "adapter": {"type": "None"},
        "profile": TINY,
        "hyperparameters": {
            "maxSteps": steps,
            "seed": seed,
            "learningRate": "3e-3",
            "sequenceLength": 128,
            "microBatchSize": 8,
        },
        **more,
    }


def gate_spec(candidates: Raw, **suite: Any) -> Raw:
    """Every artifact that answers at all passes: what it learnt is not the question here."""
    return {
        "candidates": candidates,
        "profile": TINY,
        "suites": [{"name": "gold", "datasetRef": {"name": "gold"}, **suite}],
        "criteria": [
            {
                "suite": "gold",
                "metric": "exact_match",
                "operator": "GreaterOrEqual",
                "value": "0",
                "confidencePercent": 0,
                "minSupport": 1,
            }
        ],
    }


def apply_story(space: Teamspace) -> None:
    """From rows to a live endpoint."""
    add_file(space, "train-rows", rows("Say it, please, number", 64))
    add_file(space, "gold-rows", rows("Tell me, friend", 8))
    space.add("DatasetPack", "train", pack_spec("train-rows"))
    space.add("DatasetPack", "gold", pack_spec("gold-rows", purpose="Evaluation"))
    space.add("TrainingRun", "first", run_spec(space), LABELS)
    generation = {"maxNewTokens": 24}
    space.add("EvalGate", "gate", gate_spec({"selector": {"matchLabels": LABELS}}, generation=generation))
    space.add(
        "Deployment",
        "live",
        {"gateRef": {"name": "gate"}, "profile": TINY, "serving": {"maxModelLength": 256}},
    )
