"""Every CEL rule accepts one example and refuses one, and models and API server agree on both."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from sluice_api.crdgen.crd import immutability_rules, object_schema
from sluice_api.crdgen.structural import structural_schema
from sluice_api.kinds import KINDS
from support.kubeapi import KubeApi
from support.userobjects import HEX, object_of, spec_of

DIGEST = f"sha256:{HEX}"
CRITERION = {"suite": "gold", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8"}
COMPARING = CRITERION | {"compare": "DeltaToBaseline"}
HTTPS = {"name": "rows", "locator": "https://example.org/rows.csv", "mapper": "ChatMessages"}
LABELLED = {"name": "rows", "locator": "s3://bucket/rows.csv", "mapper": "LabelToClassification"}
CHECKED = {"datasetRef": {"name": "gold"}, "action": "Drop"}
CLASSES = {"labels": ["a", "b"], "instruction": "Say a or b."}
LONG_LABELS = [f"{n:032d}" for n in range(1024)]


@dataclass(frozen=True)
class Example:
    """Changes to the small spec of a kind: one set that a rule accepts, one that it refuses."""

    kind: str
    accepts: dict[str, Any]
    refuses: dict[str, Any]


EXAMPLES: dict[str, Example] = {
    "an https locator needs sha256": Example(
        "DatasetPack", {"sources": [HTTPS | {"sha256": HEX}]}, {"sources": [HTTPS]}
    ),
    "contaminationAgainst is for packs of purpose Train": Example(
        "DatasetPack",
        {"contaminationAgainst": [CHECKED]},
        {"purpose": "Evaluation", "contaminationAgainst": [CHECKED]},
    ),
    "contaminationAgainst names a pack twice": Example(
        "DatasetPack",
        {"contaminationAgainst": [CHECKED, CHECKED | {"datasetRef": {"name": "hard"}}]},
        {"contaminationAgainst": [CHECKED, CHECKED | {"action": "Report"}]},
    ),
    "together must leave 10 percent": Example(
        "DatasetPack",
        {"split": {"validationPercent": 45, "testPercent": 45}},
        {"split": {"validationPercent": 45, "testPercent": 46}},
    ),
    "classification must be given when": Example(
        "DatasetPack",
        {"task": "Classification", "classification": CLASSES},
        {"task": "Chat", "classification": CLASSES},
    ),
    "mapper LabelToClassification needs": Example(
        "DatasetPack",
        {"task": "Classification", "classification": CLASSES, "sources": [LABELLED]},
        {"sources": [LABELLED]},
    ),
    "give two labels or more": Example(
        "DatasetPack",
        {"task": "Classification", "classification": {"labelsFrom": "Rows", "instruction": "Say it."}},
        {"task": "Classification", "classification": CLASSES | {"labelsFrom": "Rows"}},
    ),
    "all labels together may have": Example(
        "DatasetPack",
        {"task": "Classification", "classification": CLASSES | {"labels": LONG_LABELS}},
        {"task": "Classification", "classification": CLASSES | {"labels": [*LONG_LABELS[:-1], "x" * 33]}},
    ),
    "exactly one of s3 and trainingRunRef": Example(
        "TrainingRun",
        {"baseModel": {"trainingRunRef": {"name": "other"}}},
        {"baseModel": {"trainingRunRef": {"name": "other"}, "s3": {"uri": "s3://bucket/model"}}},
    ),
    "dropout must be": Example(
        "TrainingRun", {"adapter": {"dropout": "0.999"}}, {"adapter": {"dropout": "1"}}
    ),
    "name must be none of messages": Example(
        "TrainingRun",
        {"chat": {"templateArguments": [{"name": "enable_thinking", "value": "false"}]}},
        {"chat": {"templateArguments": [{"name": "messages", "value": "false"}]}},
    ),
    "globalBatchSize must be a multiple": Example(
        "TrainingRun",
        {"hyperparameters": {"globalBatchSize": 12, "microBatchSize": 4}},
        {"hyperparameters": {"globalBatchSize": 12, "microBatchSize": 5}},
    ),
    "learningRate must be": Example(
        "TrainingRun",
        {"hyperparameters": {"learningRate": "1"}},
        {"hyperparameters": {"learningRate": "0"}},
    ),
    "weightDecay must be": Example(
        "TrainingRun",
        {"hyperparameters": {"weightDecay": "0"}},
        {"hyperparameters": {"weightDecay": "1.1"}},
    ),
    "maxGradNorm must be": Example(
        "TrainingRun",
        {"hyperparameters": {"maxGradNorm": "1e-9"}},
        {"hyperparameters": {"maxGradNorm": "-1"}},
    ),
    "matchLabels needs keys": Example(
        "EvalGate",
        {"candidates": {"selector": {"matchLabels": {"k" * 317: "v"}}}},
        {"candidates": {"selector": {"matchLabels": {"k" * 318: "v"}}}},
    ),
    "exactly one of trainingRunRef and selector": Example(
        "EvalGate",
        {"candidates": {"selector": {"matchLabels": {"team": "support"}}}},
        {"candidates": {}},
    ),
    "exactly one of deploymentRef, trainingRunRef and baseModel": Example(
        "EvalGate",
        {"baseline": {"deploymentRef": {"name": "live"}}},
        {"baseline": {"deploymentRef": {"name": "live"}, "baseModel": True}},
    ),
    "baseModel can only be true": Example(
        "EvalGate", {"baseline": {"baseModel": True}}, {"baseline": {"baseModel": False}}
    ),
    "value must be from -1 to 1": Example(
        "EvalGate",
        {"criteria": [CRITERION | {"value": "-1"}]},
        {"criteria": [CRITERION | {"value": "1.01"}]},
    ),
    "confidencePercent must be 0 or from 50": Example(
        "EvalGate",
        {"criteria": [CRITERION | {"confidencePercent": 50}, CRITERION | {"confidencePercent": 0}]},
        {"criteria": [CRITERION | {"confidencePercent": 49}]},
    ),
    "every criterion must name a suite": Example(
        "EvalGate", {"criteria": []}, {"criteria": [CRITERION, CRITERION | {"suite": "other"}]}
    ),
    "a DeltaToBaseline criterion needs a baseline": Example(
        "EvalGate",
        {"criteria": [COMPARING], "baseline": {"baseModel": True}},
        {"criteria": [COMPARING]},
    ),
    "tolerance must be from 0 to 1": Example(
        "Deployment", {"drift": {"tolerance": "1"}}, {"drift": {"tolerance": "1.01"}}
    ),
}
"""By a part of the rule's message."""

CHANGED: dict[str, dict[str, Any]] = {
    "DatasetPack": {
        "profile": "other",
        "sources": [HTTPS | {"sha256": HEX}],
        "purpose": "Evaluation",
        "task": "Classification",
        "classification": CLASSES,
        "cleaning": {"deduplicate": False},
        "contaminationAgainst": [CHECKED],
        "split": {"seed": 7},
        "validation": {"minRows": 2},
    },
    "TrainingRun": {
        "profile": "other",
        "datasetRef": {"name": "other"},
        "baseModel": {"trainingRunRef": {"name": "other"}},
        "method": "SFT",
        "adapter": {"rank": 4},
        "chat": {"templateArguments": [{"name": "enable_thinking", "value": "false"}]},
        "hyperparameters": {"seed": 7},
        "preflight": {"mode": "Open"},
        "checkpoint": {"everySteps": 7},
        "retry": {"limit": 0},
        "rerunPolicy": "Always",
    },
}
"""Another value for every field that may not change. A field with one allowed value cannot change."""
ONE_VALUE_ONLY = {("TrainingRun", "method")}


def written_rules() -> Iterator[tuple[str, str]]:
    """Kind and message of every rule that a model states."""

    def walk(schema: dict[str, Any]) -> Iterator[str]:
        yield from (rule["message"] for rule in schema.get("x-kubernetes-validations", []))
        for below in schema.get("properties", {}).values():
            yield from walk(below["items"] if below["type"] == "array" else below)

    for name, kind in KINDS.items():
        yield from ((name, message) for message in walk(structural_schema(kind.spec, defaults=True)))


def frozen_fields() -> list[tuple[str, str]]:
    return [
        (name, rule["fieldPath"].removeprefix("."))
        for name, kind in KINDS.items()
        for rule in immutability_rules(kind, structural_schema(kind.spec, defaults=True))
    ]


@pytest.mark.parametrize(("kind", "message"), list(written_rules()))
def test_each_rule_has_examples(api: KubeApi, kind: str, message: str) -> None:
    found = [e for part, e in EXAMPLES.items() if part in message and e.kind == kind]
    assert len(found) == 1, f"{len(found)} examples for this rule; give it one in EXAMPLES"
    example = found[0]
    good, bad = spec_of(kind, **example.accepts), spec_of(kind, **example.refuses)
    KINDS[kind].spec.parse(good)
    assert api.create(kind, object_of(kind, good)).accepted
    with pytest.raises(ValidationError) as mine:
        KINDS[kind].spec.parse(bad)
    assert message in str(mine.value)
    theirs = api.create(kind, object_of(kind, bad))
    assert not theirs.accepted
    assert message in theirs.message


def test_no_example_is_left_over() -> None:
    messages = [message for _, message in written_rules()]
    assert [part for part in EXAMPLES if not any(part in m for m in messages)] == []


def test_every_frozen_field_has_another_value() -> None:
    assert {(kind, name) for kind, values in CHANGED.items() for name in values} == set(frozen_fields())


@pytest.fixture(scope="module")
def stored(api: KubeApi) -> Iterator[dict[str, dict[str, Any]]]:
    """One stored object of each kind that has frozen fields."""
    made = {kind: api.create(kind, object_of(kind, name="stored"), query="").body for kind in CHANGED}
    yield made
    for kind in made:
        api.delete(kind, "stored")


@pytest.mark.parametrize(("kind", "name"), [f for f in frozen_fields() if f not in ONE_VALUE_ONLY])
def test_a_frozen_field_cannot_change(
    api: KubeApi, stored: dict[str, dict[str, Any]], kind: str, name: str
) -> None:
    changed = copy.deepcopy(stored[kind])
    changed["spec"][name] = CHANGED[kind][name]
    if name in {"task", "classification"}:  # these two only come together
        changed["spec"] |= {"task": "Classification", "classification": CLASSES}
    answer = api.replace(kind, changed)
    assert not answer.accepted
    assert f"spec.{name}: Forbidden: {name} cannot change after creation" in answer.message


@pytest.mark.parametrize("kind", CHANGED)
def test_what_is_mutable_can_change(api: KubeApi, stored: dict[str, dict[str, Any]], kind: str) -> None:
    changed = copy.deepcopy(stored[kind])
    changed["spec"] |= {"suspend": True, "ttlSecondsAfterFinished": 0, "activeDeadlineSeconds": 60}
    assert {"suspend", "ttlSecondsAfterFinished", "activeDeadlineSeconds"} == KINDS[kind].spec.MUTABLE
    assert api.replace(kind, changed).accepted


def test_a_frozen_field_cannot_go(api: KubeApi) -> None:
    spec = spec_of("DatasetPack", task="Classification", classification=CLASSES)
    made = api.create("DatasetPack", object_of("DatasetPack", spec, "goes"), query="").body
    made["spec"] |= {"task": "Chat"}
    del made["spec"]["classification"]
    answer = api.replace("DatasetPack", made)
    api.delete("DatasetPack", "goes")
    assert "spec.classification: Forbidden" in answer.message


@pytest.mark.parametrize("kind", ["EvalGate", "Deployment"])
def test_gates_and_deployments_may_be_edited(kind: str) -> None:
    rules = object_schema(KINDS[kind])["properties"]["spec"].get("x-kubernetes-validations", [])
    assert not [rule for rule in rules if "oldSelf" in rule["rule"]]
