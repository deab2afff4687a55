"""The quickstart's files: rows that the generator writes again, and objects that the models take."""

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from sluice_api.base import ApiModel
from sluice_api.datasetpack import DatasetPackSpec
from sluice_api.deployment import DeploymentSpec
from sluice_api.evalgate import EvalGateSpec
from sluice_api.meta import API_VERSION
from sluice_api.trainingrun import TrainingRunSpec
from sluice_trainer.data.promptforms import near_prompt

QUICKSTART = Path(__file__).parents[2] / "docs" / "examples" / "quickstart"
SPECS: dict[str, type[ApiModel]] = {
    "DatasetPack": DatasetPackSpec,
    "TrainingRun": TrainingRunSpec,
    "EvalGate": EvalGateSpec,
    "Deployment": DeploymentSpec,
}
LABELS = {"account", "billing", "returns", "security", "shipping", "technical"}


def _objects() -> dict[tuple[str, str], dict[str, Any]]:
    documents = [
        d for path in sorted(QUICKSTART.glob("*.yaml")) for d in yaml.safe_load_all(path.read_text()) if d
    ]
    return {(d["kind"], d["metadata"]["name"]): d for d in documents}


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_data", QUICKSTART / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rows(name: str) -> list[dict[str, str]]:
    rows = []
    for line in (QUICKSTART / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def test_every_object_is_valid_and_names_no_namespace() -> None:
    for (kind, _), document in _objects().items():
        assert document["apiVersion"] == API_VERSION
        assert "namespace" not in document["metadata"]
        SPECS[kind].parse(document["spec"])


def test_references_and_labels_lead_to_each_other() -> None:
    objects = _objects()
    gate = objects["EvalGate", "triage"]["spec"]
    wanted = gate["candidates"]["selector"]["matchLabels"].items()
    for name in ("triage-lora", "triage-hasty"):
        run = objects["TrainingRun", name]
        assert wanted <= run["metadata"]["labels"].items()
        assert ("DatasetPack", run["spec"]["datasetRef"]["name"]) in objects
    assert ("DatasetPack", gate["suites"][0]["datasetRef"]["name"]) in objects
    assert ("EvalGate", objects["Deployment", "triage"]["spec"]["gateRef"]["name"]) in objects


def test_the_runs_differ_in_their_steps_only() -> None:
    specs = [_objects()["TrainingRun", name]["spec"] for name in ("triage-lora", "triage-hasty")]
    steps = [spec["hyperparameters"].pop("maxSteps") for spec in specs]
    assert steps == [60, 2]
    assert specs[0] == specs[1]


def test_both_packs_ask_in_the_same_words() -> None:
    asked = [
        _objects()["DatasetPack", name]["spec"]["classification"] for name in ("tickets", "tickets-gold")
    ]
    assert asked[0] == asked[1]
    assert set(asked[0]["labels"]) == LABELS


@pytest.mark.parametrize("name", ["train", "gold"])
def test_the_generator_writes_the_same_bytes_again(tmp_path: Path, name: str) -> None:
    _generator().main(tmp_path)
    committed = QUICKSTART / "data" / f"{name}.jsonl"
    assert (tmp_path / f"{name}.jsonl").read_bytes() == committed.read_bytes()


def test_training_rows_have_the_faults_of_real_ones() -> None:
    rows = _rows("train")
    lines = (QUICKSTART / "data" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    good = [r for r in rows if r["label"] in LABELS and r["text"].strip()]
    assert len({r["text"] for r in good}) >= 600
    assert 0.02 < (len(lines) - len(good)) / len(lines) < 0.10
    assert len(lines) - len(rows) == 8
    assert sum(r["id"].endswith("-again") for r in good) >= 30
    assert len({(r["text"], r["label"]) for r in good}) < len(good)


def test_gold_rows_are_balanced_and_share_no_prompt_with_training() -> None:
    gold = _rows("gold")
    assert Counter(r["label"] for r in gold) == dict.fromkeys(LABELS, 42)
    asked = {near_prompt(r["text"]) for r in gold}
    assert len(asked) == len(gold) == 252
    assert not asked & {near_prompt(r["text"]) for r in _rows("train")}


def test_gold_tickets_are_written_in_phrases_of_their_own() -> None:
    phrases = json.loads((QUICKSTART / "data" / "phrases.json").read_text(encoding="utf-8"))
    for part in ("requests", "asides"):
        train, gold = (
            {text for team in phrases[kind]["teams"].values() for text in team[part]}
            for kind in ("train", "gold")
        )
        assert not train & gold
