"""evaluate against an OpenAI-shaped server."""

import json
import os
import signal
import threading
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.contracts.requests import EndpointTarget
from sluice_api.errors import DependencyUnavailable
from sluice_trainer.data.rows import ChatMessage, Row
from sluice_trainer.endpoint import Endpoint, EndpointTooSlow
from sluice_trainer.evals.asking import EndpointReplies
from sluice_trainer.interrupts import Interrupts, StopNow
from sluice_trainer.stages import evaluate
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


def test_every_way_to_fail_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "_CALL_SECONDS", 8.0)
    suite = bench.tickets(TICKETS)
    stub = OpenAIStub(
        models=(DIGEST,),
        answer=lambda prompt: "blue",
        status=lambda prompt: 503 if prompt.endswith(" 3") else 200,
        seconds=lambda prompt: 20.0 if prompt.endswith(" 5") else 0.0,
    )
    with serve(stub):
        result = bench.evaluate(suite, endpoint=target(stub.url))
    failures = {item.id: item.failure for item in bench.items(result) if item.failed}
    assert sorted(failures.values()) == ["bad_status", "too_slow"]
    assert all(not item.scores["accuracy"] for item in bench.items(result) if item.failed)
    details = json.loads((bench.root / result.results.uri / "manifest.json").read_text())["details"]
    assert details["suites"]["s"]["failures"] == {"bad_status": 1, "too_slow": 1}


def test_an_endpoint_that_takes_calls_and_never_answers_is_wrong(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "_CALL_SECONDS", 0.3)
    suite = bench.tickets(TICKETS)
    with serve(OpenAIStub(models=(DIGEST,), seconds=lambda prompt: 0.6)) as stub:
        result = bench.evaluate(suite, endpoint=target(stub.url))
    assert (result.items, result.failed_calls) == (12, 12)


def test_a_server_that_nobody_reaches_is_not_asked_to_the_end() -> None:
    with serve(OpenAIStub(models=(DIGEST,))) as stub:
        gone = stub.url
    made: list[int] = []
    turns = (ChatMessage(role="user", content="x"), ChatMessage(role="assistant", content="y"))
    rows = [Row(str(n), "", turns, None, "s", 1) for n in range(200)]
    with Endpoint(gone) as endpoint:
        replies = EndpointReplies(endpoint, EndpointTarget.parse(target(gone)), made.append)
        with pytest.raises(DependencyUnavailable, match="none of 200 calls got through"):
            replies(rows, 6)
    assert 32 <= len(made) < 64


class SlowEndpoint(Endpoint):
    """Never answers; the first call asks the process to end."""

    def __init__(self) -> None:
        super().__init__("http://slot/v1")
        self.released = threading.Event()
        self._asked = threading.Event()

    def chat(self, *_: Any, **__: Any) -> Any:
        if not self._asked.is_set():
            self._asked.set()
            os.kill(os.getpid(), signal.SIGTERM)
        self.released.wait(600)
        raise EndpointTooSlow("slot")


def test_F23_a_request_to_end_does_not_wait_for_answers() -> None:
    endpoint, interrupts = SlowEndpoint(), Interrupts()
    replies = EndpointReplies(endpoint, EndpointTarget.parse(target("http://slot/v1")), lambda _: None)
    turns = (ChatMessage(role="user", content="q"), ChatMessage(role="assistant", content="a"))
    rows = [Row(str(n), "", turns, None, "s", 1) for n in range(20)]
    with pytest.raises(StopNow), interrupts.listening(None):
        replies(rows, 8)
    assert interrupts.stop.is_set()
    endpoint.released.set()
