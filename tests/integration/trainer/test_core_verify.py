"""verify against an OpenAI-shaped server."""

import json
from pathlib import Path
from typing import Any

import pytest

from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import StoreSettings
from sluice_store.files import read_manifest
from sluice_store.open import open_store
from sluice_trainer.endpoint import BadAnswer, Endpoint, EndpointUnreachable
from sluice_trainer.stages import verify
from support.openai_stub import OpenAIStub, serve
from support.stagecli import Cli

DIGEST = "sha256:" + "d" * 64


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "_PAUSE_S", 0)


@pytest.fixture
def cli(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Cli:
    return Cli(StoreSettings(root=(tmp_path / "store").as_uri()), tmp_path, capfd)


def run(cli: Cli, url: str) -> tuple[int, dict[str, Any]]:
    cli.ask("verify", {"url": url, "model": DIGEST, "digest": DIGEST, "identity": "slot-1"})
    return cli.run()


def rows_below(cli: Cli) -> list[dict[str, Any]]:
    store = open_store(cli.settings)
    key = next(k for k in store.list("verify") if k.endswith("/smoke_results.json"))
    rows: list[dict[str, Any]] = json.loads(store.read(key))
    return rows


def test_X05_a_slot_that_serves_the_digest_and_answers_passes_with_five_rows(cli: Cli) -> None:
    with serve(OpenAIStub(models=("name", DIGEST))) as stub:
        code, report = run(cli, stub.url)
    assert code == 0
    assert (report["result"]["digest"], report["result"]["prompts"]) == (DIGEST, 5)
    rows = rows_below(cli)
    assert len(rows) == 5
    assert all(row["passed"] and row["answer"].strip() for row in rows)
    assert {body["temperature"] for body in stub.asked} == {0.0}
    assert {body["model"] for body in stub.asked} == {DIGEST}


def test_F34_a_slot_that_serves_something_else_is_refused_before_it_is_asked(cli: Cli) -> None:
    with serve(OpenAIStub(models=("sha256:" + "e" * 64,))) as stub:
        code, report = run(cli, stub.url)
    assert (code, report["failure"]["reason"]) == (64, "served_digest_mismatch")
    assert stub.asked == []


@pytest.mark.parametrize("answer", ["", " \n"])
def test_X05_a_slot_that_says_nothing_is_refused(cli: Cli, answer: str) -> None:
    with serve(OpenAIStub(models=(DIGEST,), answer=lambda prompt: answer)) as stub:
        code, report = run(cli, stub.url)
    assert (code, report["failure"]["reason"]) == (64, "deployment_smoke_failed")
    assert [row["error"] for row in rows_below(cli)] == ["the answer is empty"] * 5
    evidence = UriDigest.parse(report["failure"]["evidence"])
    assert read_manifest(open_store(cli.settings), evidence.uri, evidence.digest).files


def test_X05_one_bad_prompt_is_enough(cli: Cli) -> None:
    bad = verify.SMOKE_PROMPTS[3]
    with serve(OpenAIStub(models=(DIGEST,), status=lambda prompt: 500 if prompt == bad else 200)) as stub:
        code, report = run(cli, stub.url)
    assert (code, report["failure"]["reason"]) == (64, "deployment_smoke_failed")
    assert "1 of 5" in report["failure"]["message"]
    assert "HTTP 500" in report["failure"]["message"]


def test_one_stumble_is_forgiven(cli: Cli) -> None:
    stumbles = iter([500])
    with serve(OpenAIStub(models=(DIGEST,), status=lambda prompt: next(stumbles, 200))) as stub:
        assert run(cli, stub.url)[0] == 0


def test_a_slot_that_does_not_answer_at_all_is_a_dependency(cli: Cli) -> None:
    code, report = run(cli, "http://127.0.0.1:9/v1")
    assert (code, report["failure"]["reason"]) == (69, "dependency_unavailable")


def test_the_client_tells_silence_from_nonsense() -> None:
    with serve(OpenAIStub(status=lambda prompt: 503)) as stub, Endpoint(stub.url, 5) as endpoint:
        assert endpoint.models() == ("stub",)
        with pytest.raises(BadAnswer, match="HTTP 503"):
            endpoint.chat("stub", [{"role": "user", "content": "hi"}], 8)
    with Endpoint("http://127.0.0.1:9/v1", 5) as endpoint, pytest.raises(EndpointUnreachable):
        endpoint.chat("stub", [{"role": "user", "content": "hi"}], 8)


def test_the_client_ignores_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serve(OpenAIStub()) as stub, Endpoint(stub.url, 5) as endpoint:
        assert endpoint.chat("stub", [{"role": "user", "content": "hi"}], 8).text == "You said: hi"
