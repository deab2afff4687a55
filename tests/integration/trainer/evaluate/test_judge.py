"""judge on stored results: evidence, contamination, and results that do not belong together."""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.reports import ContaminationLine, EvaluateResult
from support.evalbench import Bench, scored
from support.openai_stub import OpenAIStub, serve

DIGEST, OTHER = "sha256:" + "d" * 64, "sha256:" + "e" * 64
TICKETS = [(f"ticket {n}", "red" if n % 2 else "blue") for n in range(120)]
RED = frozenset(text for text, label in TICKETS if label == "red")


def evaluated(bench: Bench, suite: UriDigest, digest: str = DIGEST, wrong: int = 0, **changed: Any) -> Any:
    """Results of a server that answers all but some items right."""

    def answer(prompt: str) -> str:
        text = prompt.splitlines()[-1]
        right = "red" if text in RED else "blue"
        return "green" if int(text.split()[1]) < wrong else right

    with serve(OpenAIStub(models=(digest,), answer=answer)) as stub:
        endpoint = {"url": stub.url, "model": digest, "digest": digest}
        return bench.evaluate(suite, endpoint=endpoint, **changed)


def accuracy(**fields: Any) -> dict[str, Any]:
    return {
        "suite": "s", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8", **fields,
    }  # fmt: skip


@pytest.fixture
def suite(bench: Bench) -> UriDigest:
    return bench.tickets(TICKETS)


def test_the_evidence_holds_everything_and_reads_well(bench: Bench, suite: UriDigest) -> None:
    good, bad = evaluated(bench, suite), evaluated(bench, suite, OTHER, wrong=60)
    criteria = [accuracy(), accuracy(compare="DeltaToBaseline", value="0.2")]
    result = bench.judge(suite, good, baseline=scored(bad), criteria=criteria)
    folder = bench.root / result.evidence.uri
    facts = json.loads((folder / "evidence.json").read_text())
    text = (folder / "evidence.md").read_text()
    items = [json.loads(line) for line in (folder / "s.jsonl").read_text().splitlines()]
    assert (result.verdict, facts["verdict"]) == ("Pass", "Pass")
    assert [c["units"] for c in facts["criteria"]] == [120, 120]
    assert facts["metrics"]["candidate"]["s"]["accuracy"] == 1.0
    assert facts["metrics"]["baseline"]["s"]["unparseable_rate"] == 0.5
    assert "| accuracy on s >= 0.8 | Required | Pass | 1.0000 |" in text
    assert (items[0]["candidate"], items[0]["baseline"]) == ("blue", "green")
    assert len(items) == 120


def test_E20_the_worst_slice_blocks_and_small_ones_are_named(bench: Bench) -> None:
    slices = ["de"] * 30 + ["fr"] * 29 + [None] * 11 + ["en"] * 50
    suite = bench.tickets(TICKETS, slices=slices)
    results = evaluated(bench, suite, wrong=15)
    criteria = [accuracy(value="0.7"), accuracy(slice="Worst", value="0.75")]
    result = bench.judge(suite, results, criteria=criteria)
    facts = json.loads((bench.root / result.evidence.uri / "evidence.json").read_text())
    worst = facts["criteria"][1]
    assert (result.verdict, [o.verdict for o in result.outcomes]) == ("Fail", ["Pass", "Fail"])
    assert (worst["worstSlice"], worst["value"], worst["ignoredSlices"]) == ("de", 0.5, {"fr": 29})
    assert {name: s["units"] for name, s in worst["slices"].items()} == {"de": 30, "en": 50}
    assert "too few items to look at: fr (29)" in worst["message"]


def test_the_same_verdict_has_the_same_evidence(bench: Bench, suite: UriDigest) -> None:
    good = evaluated(bench, suite)
    once = bench.judge(suite, good, criteria=[accuracy()])
    other = bench.judge(suite, good, criteria=[accuracy()], skipComparing=True)
    assert once.evidence.uri != other.evidence.uri
    assert once.evidence.digest == other.evidence.digest


def test_shown_bounds_are_rounded_outwards(bench: Bench, suite: UriDigest) -> None:
    outcome = bench.judge(suite, evaluated(bench, suite, wrong=10), criteria=[accuracy()]).outcomes[0]
    assert (outcome.value, outcome.lower, outcome.upper) == ("0.916667", "0.862748", "0.954093")


def test_D15_a_shared_prompt_blocks_a_perfect_candidate(bench: Bench, suite: UriDigest) -> None:
    good = evaluated(bench, suite)
    training = [trained_on(bench, "ticket 7", "TICKET 8?")]
    blocked = bench.judge(suite, good, criteria=[accuracy()], trainingPacks=training)
    counted = bench.judge(suite, good, criteria=[accuracy()], trainingPacks=training, contamination="Report")
    assert (blocked.verdict, blocked.reason) == ("Fail", "suite_contaminated")
    assert counted.verdict == "Pass"
    assert blocked.contamination == counted.contamination == ContaminationLine(items=120, exact=1, near=1)
    clean = bench.judge(suite, good, criteria=[accuracy()])
    assert (clean.verdict, clean.contamination) == ("Pass", None)


def trained_on(bench: Bench, *texts: str) -> dict[str, Any]:
    """A training pack with these texts among others, under another instruction."""
    rows = [*((text, "red") for text in texts), *((f"another {n}", "blue") for n in range(20))]
    return bench.tickets(rows, purpose="Train", instruction="Another question").dump()


@pytest.mark.parametrize(
    ("spelling", "exact"),
    [
        (lambda text: unicodedata.normalize("NFD", text), 120),
        (lambda text: text.replace(" ", "\n "), 120),
        ("\u200b".join, 0),
        (lambda text: text.translate({code: code + 0xFEE0 for code in range(0x30, 0x3A)}), 0),
    ],
)
def test_a_suite_that_was_trained_on_in_another_spelling_is_found(
    bench: Bench, spelling: Callable[[str], str], exact: int
) -> None:
    texts = [f"tückët {n}" for n in range(120)]
    suite = bench.tickets([(text, "red") for text in texts])
    training = [trained_on(bench, *map(spelling, texts))]
    good = bench.judge(suite, evaluated(bench, suite), trainingPacks=training, nearContamination="Block")
    assert (good.verdict, good.reason) == ("Fail", "suite_contaminated")
    assert good.contamination == ContaminationLine(items=120, exact=exact, near=120 - exact)


def test_excluded_items_are_counted_shown_and_left_out(bench: Bench, suite: UriDigest) -> None:
    good, base = evaluated(bench, suite, wrong=5), evaluated(bench, suite, OTHER, wrong=5)
    training = [trained_on(bench, *(f"ticket {n}" for n in range(10)), "TICKET 11")]
    criteria = [accuracy(), accuracy(compare="DeltaToBaseline", value="-0.1")]
    asked = {"criteria": criteria, "baseline": scored(base), "trainingPacks": training}
    result = bench.judge(suite, good, **asked, contamination="Exclude", nearContamination="Exclude")
    folder = bench.root / result.evidence.uri
    found = json.loads((folder / "evidence.json").read_text())["contamination"]["suites"][0]
    assert (result.verdict, result.outcomes[0].value) == ("Pass", "1")
    assert [outcome.items for outcome in result.outcomes] == [109, 109]
    assert result.contamination == ContaminationLine(items=120, exact=10, near=1, excluded=11)
    assert (len(found["exact"]), len(found["near"]), len(found["excluded"])) == (10, 1, 11)
    assert "11 of 120 items excluded" in (folder / "evidence.md").read_text()
    assert len((folder / "s.jsonl").read_text().splitlines()) == 120


def test_results_of_another_artifact_are_refused(bench: Bench, suite: UriDigest) -> None:
    good = evaluated(bench, suite)
    claimed = {**scored(good), "digest": OTHER}
    refusal = bench.refused("judge", suites=[bench.suite(suite)], candidate=claimed, criteria=[accuracy()])
    assert refusal.reason is reasons.ARTIFACT_DIGEST_MISMATCH


def test_results_of_a_sample_are_no_results_of_the_whole(bench: Bench, suite: UriDigest) -> None:
    sampled = {**bench.suite(suite), "maxSamples": 110}
    part: EvaluateResult = evaluated(bench, suite, suites=[sampled])
    assert part.items == 110
    judged = bench.judge(suite, part, criteria=[accuracy()])
    assert (judged.verdict, judged.reason) == ("Inconclusive", "item_mismatch")
    assert "maxSamples" in judged.message
    fitting = bench.judge(suite, part, criteria=[accuracy()], suites=[sampled])
    assert fitting.verdict == "Pass"


def test_a_training_pack_is_no_suite(bench: Bench) -> None:
    training = bench.tickets(TICKETS, purpose="Train")
    with serve(OpenAIStub(models=(DIGEST,))) as stub:
        endpoint = {"url": stub.url, "model": DIGEST, "digest": DIGEST}
        refusal = bench.refused("evaluate", endpoint=endpoint, suites=[bench.suite(training)])
    assert refusal.reason is reasons.REFERENCE_UNUSABLE


def test_judging_loads_no_torch(bench: Bench, suite: UriDigest, tmp_path: Path) -> None:
    request = {
        "suites": [bench.suite(suite)],
        "candidate": scored(evaluated(bench, suite)),
        "criteria": [accuracy(metric="macro_f1")],
    }
    script = (
        "import json, sys\nfrom pathlib import Path\nfrom support.stagerun import run_stage\n"
        "result = run_stage('judge', json.loads(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(result.verdict, 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, json.dumps(request), str(bench.root)],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["Pass", "False", "False"]
