"""Evaluations that another version stored."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sluice_api.contracts.requests import SuiteRequest
from sluice_trainer.data.manifest import PackDetails
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.stored import VERSION, Evaluation
from sluice_trainer.evals.suites import Suite, settings

DIGEST = "sha256:" + "a" * 64
DETAILS = {
    "purpose": "Evaluation",
    "task": "Chat",
    "scoringMode": "Text",
    "splits": {"eval": 1},
    "rows": {"read": 1, "accepted": 1, "rejected": 0},
    "sources": [{"name": "s", "locator": "configmap:s/s.jsonl", "digest": DIGEST, "rows": 1}],
}


def suite(answer: str, **request: Any) -> Suite:
    asked = {"name": "gold", "dataset": {"uri": "packs/gold", "digest": DIGEST}, "seed": 0, **request}
    turns = (ChatMessage(role="user", content="?"), ChatMessage(role="assistant", content=answer))
    return Suite(
        SuiteRequest.parse({"generation": {"maxNewTokens": 32}, **asked}),
        PackDetails.parse(DETAILS),
        (Row("item", "", turns, None, "s", 1),),
    )


def stored(folder: Path, item: dict[str, Any], **details: Any) -> Evaluation:
    (folder / "gold.jsonl").write_text(json.dumps({"id": "item", **item}) + "\n")
    return Evaluation(folder, details)


def test_a_setting_that_was_not_stored_has_its_old_value(tmp_path: Path) -> None:
    found = stored(tmp_path, {}, suites={"gold": {"dataset": DIGEST}})
    assert found.differs(suite("a")) == ()
    assert found.differs(suite("a", maxSamples=7, seed=3)) == ("maxSamples", "seed")
    assert stored(tmp_path, {}, suites={"gold": {}}).differs(suite("a")) == ("dataset",)
    assert (
        stored(tmp_path, {}, suites={"gold": {**settings(suite("a").request), "new": 1}}).differs(suite("a"))
        == ()
    )


def test_results_of_another_version_are_scored_again(tmp_path: Path) -> None:
    scores = {"exact_match": 1.0, "token_f1": 1.0}
    item = {"prediction": "7", "reference": "-7", "scores": scores, "group": "g"}
    (old,) = stored(tmp_path, item, suites={"gold": {}}).items(suite("-7"))
    assert (old.scores["exact_match"], old.scores["squad_em"], old.group) == (0.0, 1.0, "g")
    (new,) = stored(tmp_path, item, suites={"gold": {}}, version=VERSION).items(suite("-7"))
    assert new.scores == scores


def test_a_failed_call_stays_wrong(tmp_path: Path) -> None:
    item = {"prediction": "", "failed": True, "failure": "too_slow"}
    (found,) = stored(tmp_path, item, suites={"gold": {}}).items(suite("a"))
    assert (found.failed, found.failure, found.scores["exact_match"]) == (True, "too_slow", 0.0)


def test_what_is_missing_is_absent_and_what_is_unknown_is_left_out(tmp_path: Path) -> None:
    empty = Evaluation(tmp_path, {})
    assert (empty.holds("gold"), empty.metrics()) == (False, {})
    assert not Evaluation(tmp_path, {"suites": {"gold": {}}}).holds("gold")
    row = {"scores": {"exact_match": None}, "new": []}
    bare = stored(tmp_path, row, suites={"gold": {}}, version=VERSION)
    (item,) = bare.items(suite("a"))
    assert (item.prediction, item.failed, item.label) == ("", False, None)
    assert math.isnan(item.scores["exact_match"])
    assert bare.metrics() == {"gold": {}}


def test_details_of_a_newer_version_are_read() -> None:
    newer = {**DETAILS, "new": 1, "sources": [{**DETAILS["sources"][0], "new": {"deep": 1}}]}  # type: ignore[dict-item]
    assert PackDetails.parse_stored(newer) == PackDetails.parse(DETAILS)
    with pytest.raises(ValidationError, match="task"):
        PackDetails.parse_stored({**newer, "task": "Other"})
