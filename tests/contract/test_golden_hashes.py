"""Hashes that must never change within a version: an upgrade that changes one trains every run again.

A deliberate change belongs to a new API version. Vectors are added by hand, never regenerated.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sluice_api.contracts.envelope import request_hash
from sluice_api.contracts.manifests import FileManifest
from sluice_api.contracts.requests import REQUESTS, PrepareRequest
from sluice_api.evalgate import EvalGateSpec
from sluice_api.hashing import canonical_json, digest_of
from sluice_api.identity import criteria_hash, fingerprint

GOLDEN = json.loads((Path(__file__).parent / "golden_hashes.json").read_text())
PREPARE = GOLDEN["fingerprint"][0]["request"]
BASE = GOLDEN["fingerprint"][0]["baseDigest"]


@pytest.mark.parametrize("vector", GOLDEN["canonical_json"])
def test_canonical_json(vector: dict[str, Any]) -> None:
    assert canonical_json(vector["value"]).decode() == vector["text"]
    assert digest_of(vector["value"]) == vector["digest"]
    assert vector["digest"] == "sha256:" + hashlib.sha256(vector["text"].encode()).hexdigest()


@pytest.mark.parametrize("vector", GOLDEN["request_hash"], ids=lambda v: v["stage"])
def test_request_hash(vector: dict[str, Any]) -> None:
    request = REQUESTS[vector["stage"]].parse(vector["request"])
    assert request_hash(vector["stage"], request) == vector["hash"]


def test_every_stage_has_a_vector() -> None:
    assert {vector["stage"] for vector in GOLDEN["request_hash"]} == REQUESTS.keys()


@pytest.mark.parametrize("vector", GOLDEN["fingerprint"])
def test_fingerprint(vector: dict[str, Any]) -> None:
    request = PrepareRequest.parse(vector["request"])
    assert fingerprint(request, vector["baseDigest"]) == vector["hash"]


@pytest.mark.parametrize("vector", GOLDEN["criteria_hash"])
def test_criteria_hash(vector: dict[str, Any]) -> None:
    assert criteria_hash(EvalGateSpec.parse(vector["spec"])) == vector["hash"]


@pytest.mark.parametrize("vector", GOLDEN["manifest_digest"])
def test_manifest_digest_does_not_depend_on_the_order_of_files(vector: dict[str, Any]) -> None:
    for files in (vector["files"], vector["files"][::-1]):
        manifest = FileManifest.parse({"files": files, "details": vector["details"]})
        assert manifest.digest == vector["digest"]


@pytest.mark.parametrize("stage", REQUESTS)
def test_a_default_that_is_written_out_changes_no_hash(stage: str) -> None:
    (vector,) = (v for v in GOLDEN["request_hash"] if v["stage"] == stage)
    written_out = REQUESTS[stage].parse(vector["request"]).dump()
    assert request_hash(stage, REQUESTS[stage].parse(written_out)) == vector["hash"]


@pytest.mark.parametrize(
    "change",
    [
        {"device": "CUDA"},
        {"deviceMemoryBytes": 1},
        {"identity": "another object"},
        {"hyperparameters": PREPARE["hyperparameters"] | {"microBatchSize": 1}},
    ],
)
def test_what_does_not_change_the_result_does_not_change_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(PrepareRequest.parse(PREPARE | change), BASE) == GOLDEN["fingerprint"][0]["hash"]


@pytest.mark.parametrize(
    "change",
    [
        {"salt": "uid"},
        {"adapter": {"rank": 8}},
        {"dataset": PREPARE["dataset"] | {"digest": "sha256:" + "f" * 64}},
        {"hyperparameters": PREPARE["hyperparameters"] | {"seed": 1}},
        {"hyperparameters": PREPARE["hyperparameters"] | {"learningRate": "4e-4"}},
    ],
)
def test_what_changes_the_result_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(PrepareRequest.parse(PREPARE | change), BASE) != GOLDEN["fingerprint"][0]["hash"]


def test_another_base_is_another_fingerprint() -> None:
    other = fingerprint(PrepareRequest.parse(PREPARE), "sha256:" + "e" * 64)
    assert other != GOLDEN["fingerprint"][0]["hash"]
