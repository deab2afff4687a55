"""One odd reply makes one item wrong, with its reason, and ends nothing."""

import json

import pytest

from sluice_api import reasons
from sluice_trainer.stages import evaluate, verify
from support.evalbench import Bench
from support.odd_endpoint import ODD, serve_odd

DIGEST = "sha256:" + "d" * 64


def test_every_odd_reply_is_an_item_with_its_reason(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "_CALL_SECONDS", 8.0)
    suite = bench.tickets([(name, "red") for name in ODD] + [("a good one", "red")])
    with serve_odd(DIGEST) as url:
        result = bench.evaluate(suite, endpoint={"url": url, "model": DIGEST, "digest": DIGEST})
    items = bench.items(result)
    told = dict(zip([*ODD, "a good one"], items, strict=True))
    assert {name: told[name].failure for name in ODD} == {name: failure for name, (_, failure) in ODD.items()}
    assert [told[name].scores["accuracy"] for name in ODD] == [
        float(not failure and name != "no text at all") for name, (_, failure) in ODD.items()
    ]
    assert told["half of a surrogate pair"].prediction == "red \ud83d"
    assert told["a good one"].scores["accuracy"] == 1.0


def test_a_verdict_about_odd_replies_is_written(bench: Bench) -> None:
    suite = bench.tickets([(f"{n} half of a surrogate pair", "red") for n in range(3)])
    with serve_odd(DIGEST) as url:
        result = bench.evaluate(suite, endpoint={"url": url, "model": DIGEST, "digest": DIGEST})
    criterion = {"suite": "s", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.5"}
    verdict = bench.judge(suite, result, criteria=[criterion])
    assert (verdict.verdict, verdict.outcomes[0].value) == ("Inconclusive", "1")
    assert "red \\ud83d" in (bench.root / verdict.evidence.uri / "s.jsonl").read_text()


def test_a_verification_outlives_every_odd_reply(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [name for name in ODD if name != "one byte at a time"]
    monkeypatch.setattr(verify, "SMOKE_PROMPTS", tuple(asked))
    monkeypatch.setattr(verify, "_PAUSE_S", 0)
    with serve_odd(DIGEST) as url:
        refusal = bench.refused("verify", url=url, model=DIGEST, digest=DIGEST, identity="slot-1")
    assert refusal.reason is reasons.SMOKE_FAILED
    assert refusal.evidence is not None
    rows = json.loads((bench.root / refusal.evidence.uri / verify.RESULTS_NAME).read_text())
    wrong = {row["prompt"] for row in rows if not row["passed"]}
    assert wrong == {name for name in asked if ODD[name][1]} | {"no text at all"}
    assert all(row["error"] for row in rows if not row["passed"])
