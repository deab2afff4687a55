"""A drift check with the real stages: what the operator asks, and what it reads from the answers."""

import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.reports import EvaluateResult
from sluice_api.contracts.requests import EvaluateRequest, ScoredTarget
from sluice_api.evalgate import Criterion
from sluice_operator.plans.drift.finding import Finding, finding
from sluice_operator.plans.drift.question import Question, criteria, measuring
from sluice_trainer.stages import evaluate
from support.evalbench import Bench
from support.openai_stub import OpenAIStub, serve

DIGEST = "sha256:" + "d" * 64
TICKETS = [(f"ticket {n}", "red" if n % 2 else "blue") for n in range(200)]
RED = frozenset(text for text, label in TICKETS if label == "red")
SEALED = (
    Criterion(suite="s", metric="accuracy", operator="GreaterOrEqual", value="0.8"),
    Criterion(suite="s", metric="unparseable_rate", operator="LessOrEqual", value="0.1"),
    Criterion(suite="s", metric="macro_f1", operator="GreaterOrEqual", value="0.9", mode="Advisory"),
)


def number(prompt: str) -> int:
    return int(prompt.rsplit(" ", 1)[1])


def with_wrong(count: int) -> Callable[[str], str]:
    """Answers of which the first ones name the other label."""

    def answer(prompt: str) -> str:
        is_red = prompt.splitlines()[-1] in RED
        return "red" if is_red != (number(prompt) < count) else "blue"

    return answer


@pytest.fixture
def suite(bench: Bench) -> UriDigest:
    return bench.tickets(TICKETS)


@pytest.fixture
def promoted(bench: Bench, suite: UriDigest) -> EvaluateResult:
    """Results of the promotion: 180 of 200 right."""
    return asked(bench, suite, "", answer=with_wrong(20))


def asked(bench: Bench, suite: UriDigest, identity: str, **stub: Any) -> EvaluateResult:
    with serve(OpenAIStub(models=(DIGEST,), **stub)) as server:
        endpoint = {"url": server.url, "model": DIGEST, "digest": DIGEST}
        return bench.evaluate(suite, endpoint=endpoint, identity=identity)


def checked(
    bench: Bench, suite: UriDigest, promoted: EvaluateResult, tick: str = "7-1", **stub: Any
) -> Finding:
    """The finding of one tick."""
    found = asked(bench, suite, tick, **stub)
    deciding = criteria(SEALED, "0.05")
    endpoint = {"url": "http://x/v1", "model": "m", "digest": DIGEST}
    question = Question(
        evaluate=EvaluateRequest.parse({"endpoint": endpoint, "suites": [bench.suite(suite)]}),
        baseline=ScoredTarget(digest=promoted.digest, results=promoted.results),
        criteria=(*deciding, *measuring(deciding)),
        identity=tick,
    )
    told = {k: v for k, v in question.judge(found).dump().items() if k not in ("suites", "candidate")}
    return finding(question, found, bench.judge(suite, found, **told))


def test_X12_a_worse_endpoint_is_found(bench: Bench, suite: UriDigest, promoted: EvaluateResult) -> None:
    found = checked(bench, suite, promoted, answer=with_wrong(60))
    assert (found.result, found.score, found.baseline) == ("Bad", "0.7", "0.9")
    assert found.message.startswith(
        "accuracy on s is proven worse by more than 0.05: 0.7 now, 0.9 at promotion"
    )


def test_X12_a_better_endpoint_is_no_drift(bench: Bench, suite: UriDigest, promoted: EvaluateResult) -> None:
    found = checked(bench, suite, promoted, answer=with_wrong(0))
    assert (found.result, found.reason) == ("Good", reasons.NO_DRIFT)


def test_X12_a_little_worse_is_not_proven(bench: Bench, suite: UriDigest, promoted: EvaluateResult) -> None:
    found = checked(bench, suite, promoted, answer=with_wrong(32))
    assert (found.result, found.score) == ("Good", "0.84")


def test_X12_answers_that_come_too_late_are_wrong(
    bench: Bench, suite: UriDigest, promoted: EvaluateResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "_CALL_SECONDS", 1.0)
    found = checked(
        bench,
        suite,
        promoted,
        answer=with_wrong(20),
        seconds=lambda prompt: 5.0 if number(prompt) >= 120 else 0.0,
    )
    assert found.result == "Bad"
    late = re.search(r"(\d+) of 200 calls failed and count as wrong", found.message)
    assert late
    # On a busy machine an answer that was not held back may be late as well.
    assert 80 <= int(late[1]) < 200


def test_X12_errors_are_wrong(bench: Bench, suite: UriDigest, promoted: EvaluateResult) -> None:
    found = checked(
        bench,
        suite,
        promoted,
        answer=with_wrong(20),
        status=lambda prompt: 503 if number(prompt) % 3 == 0 else 200,
    )
    assert found.result == "Bad"


def test_X12_a_reply_that_names_no_label_is_the_other_metric(
    bench: Bench, suite: UriDigest, promoted: EvaluateResult
) -> None:
    """Nothing that was right turns wrong, but the replies that were wrong cannot be read any more."""

    def answer(prompt: str) -> str:
        return "no idea" if number(prompt) < 40 else with_wrong(0)(prompt)

    wrong = asked(bench, suite, "", answer=with_wrong(40))
    found = checked(bench, suite, wrong, answer=answer)
    assert found.result == "Bad"
    assert found.message.startswith("unparseable_rate on s is proven worse")
    assert (found.score, found.baseline) == ("0.2", "0")


def test_X12_without_the_results_of_the_promotion_nothing_is_judged(
    bench: Bench, suite: UriDigest, promoted: EvaluateResult
) -> None:
    found = asked(bench, suite, "7-1", answer=with_wrong(0))
    shutil.rmtree(bench.root / promoted.results.uri)
    refusal = bench.refused(
        "judge",
        suites=[bench.suite(suite)],
        candidate={"digest": DIGEST, "results": found.results.dump()},
        baseline={"digest": DIGEST, "results": promoted.results.dump()},
        criteria=[c.dump() for c in criteria(SEALED, "0.05")],
        identity="7-1",
    )
    assert refusal.reason is reasons.ARTIFACT_DIGEST_MISMATCH
    assert "found nothing" in str(refusal)


def test_X12_an_old_answer_is_never_told_again(
    bench: Bench, suite: UriDigest, promoted: EvaluateResult
) -> None:
    """The same question at another tick is asked again, because its request carries the tick."""
    good = checked(bench, suite, promoted, "7-1", answer=with_wrong(20))
    bad = checked(bench, suite, promoted, "7-2", answer=with_wrong(90))
    assert (good.result, bad.result) == ("Good", "Bad")
