"""evaluate against an OpenAI-shaped server."""

from sluice_api import reasons
from support.evalbench import Bench
from support.openai_stub import OpenAIStub, serve

DIGEST = "sha256:" + "d" * 64
TICKETS = [(f"ticket {n}", "red" if n % 2 else "blue") for n in range(12)]


def target(url: str) -> dict[str, str]:
    return {"url": url, "model": DIGEST, "digest": DIGEST}


def test_answers_are_scored_and_failed_calls_are_wrong(bench: Bench) -> None:
    suite = bench.tickets(TICKETS)

    def status(prompt: str) -> int:
        return 500 if prompt.endswith(" 3") else 200

    stub = OpenAIStub(models=("name", DIGEST), answer=lambda prompt: "Red, I think", status=status)
    with serve(stub):
        result = bench.evaluate(suite, endpoint=target(stub.url))
    items = bench.items(result)
    assert (result.digest, result.items, result.failed_calls) == (DIGEST, 12, 1)
    assert [item.scores["accuracy"] for item in items] == [float(n % 2 and n != 3) for n in range(12)]
    assert {body["temperature"] for body in stub.asked} == {0.0}
    assert {body["max_tokens"] for body in stub.asked} == {6}


def test_an_endpoint_that_serves_something_else_is_not_asked(bench: Bench) -> None:
    suite = bench.tickets(TICKETS)
    with serve(OpenAIStub(models=("sha256:" + "e" * 64,))) as stub:
        refusal = bench.refused("evaluate", endpoint=target(stub.url), suites=[bench.suite(suite)])
    assert refusal.reason is reasons.SERVED_DIGEST_MISMATCH
    assert stub.asked == []


def test_an_endpoint_that_is_away_says_nothing_about_the_model(bench: Bench) -> None:
    suite = bench.tickets(TICKETS)
    with serve(OpenAIStub(models=(DIGEST,))) as stub:
        url = stub.url
    refusal = bench.refused("evaluate", endpoint=target(url), suites=[bench.suite(suite)])
    assert refusal.reason is reasons.DEPENDENCY_UNAVAILABLE
