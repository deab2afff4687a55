"""Progress: what a report says, who may send one, and how often it is worth a pass."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from aiohttp.test_utils import TestClient, TestServer

from sluice_operator import tls
from sluice_operator.adapters.cluster.errors import Unavailable
from sluice_operator.adapters.cluster.identity import PodIdentity, pod_identity
from sluice_operator.cache import Cache
from sluice_operator.model import Key, ProgressNote
from sluice_operator.progress import server
from sluice_operator.progress.board import PERIOD_SECONDS, PODS_MAX, Board
from sluice_operator.progress.body import BadReport, parse_report
from sluice_operator.progress.reporters import (
    REMEMBER_SECONDS,
    REVIEWS_MAX,
    WAITING_MAX,
    Busy,
    Reporter,
    Reporters,
)
from sluice_operator.progress.server import BODY_MAX, PATH, ProgressEndpoint, server_context
from sluice_operator.views import view_of
from support import objects
from support.clock import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = ("TrainingRun", "run")
RUN = Key("team", "TrainingRun", "run")
POD = PodIdentity("team", "p", objects.uid(8))
AUDIENCE = "sluice.dev/progress"
OTHER = PodIdentity("team", "other", "x")


def token_of(pod: PodIdentity, serial: int = 0, **claims: Any) -> str:
    """A token as an API server makes it; who signed it is the review's business."""
    bound = {"namespace": pod.namespace, "pod": {"name": pod.name, "uid": pod.uid}}
    made = {"aud": [AUDIENCE], "jti": str(serial), "kubernetes.io": bound, **claims}
    return jwt.encode(made, "k" * 32, algorithm="HS256")


def report(**status: Any) -> bytes:
    return json.dumps({"trainerStatus": status}).encode()


def metrics(**values: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in values.items()]


def parsed(body: bytes) -> ProgressNote:
    return parse_report(body, POD, "j", NOW)


def test_a_report_of_the_stock_callback_is_understood() -> None:
    body = report(
        lastUpdatedTime="2026-01-01T00:00:00+00:00",
        progressPercentage=25,
        estimatedRemainingSeconds=90,
        metrics=metrics(loss=1.5, current_step=15, total_steps=60, current_epoch=0.5),
    )
    assert parsed(body) == ProgressNote(POD.uid, "j", 15, 60, 90, NOW)


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        ({"progressPercentage": 0, "metrics": metrics(total_steps=60)}, (0, 60)),
        ({"progressPercentage": 100, "metrics": metrics(loss=0.5)}, (100, 100)),
        ({"metrics": metrics(current_step=70, total_steps=60)}, (60, 60)),
        ({"progressPercentage": 50, "metrics": metrics(current_step="NaN", total_steps=60)}, (30, 60)),
    ],
)
def test_steps_or_a_percentage_are_enough(status: dict[str, Any], steps: tuple[int, int]) -> None:
    note = parsed(report(**status))
    assert (note.step, note.total_steps) == steps


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"nonsense",
        b"[" * 100_000,
        report(),
        report(progressPercentage="x"),
        report(metrics=7),
    ],
)
def test_other_bodies_are_refused_with_a_word(body: bytes) -> None:
    with pytest.raises(BadReport):
        parsed(body)


@pytest.mark.parametrize("eta", [-1, 1.5, True, 10**12, "9"])
def test_an_odd_estimate_is_left_out(eta: Any) -> None:
    assert parsed(report(progressPercentage=1, estimatedRemainingSeconds=eta)).eta_seconds is None


def note(step: int, pod: str = "a") -> ProgressNote:
    return ProgressNote(pod, "j", step, 1000, None, NOW)


def test_a_note_is_shown_when_both_time_and_a_per_cent_have_passed() -> None:
    clock = FakeClock()
    board = Board(clock.monotonic)
    assert board.post(note(0))
    assert not board.post(note(500))
    clock.sleep(PERIOD_SECONDS)
    assert not board.post(note(9))
    assert board.shown("a") == note(0)
    assert board.post(note(10))
    assert board.shown("a") == note(10)


def test_the_pods_that_were_silent_longest_are_forgotten() -> None:
    board = Board(FakeClock().monotonic)
    for number in range(PODS_MAX + 1):
        board.post(note(0, f"pod-{number}"))
    assert board.shown("pod-0") is None
    assert board.shown("pod-1") is not None


def review(**changes: Any) -> dict[str, Any]:
    extra = {"authentication.kubernetes.io/pod-name": ["p"], "authentication.kubernetes.io/pod-uid": ["u"]}
    status = {
        "authenticated": True,
        "audiences": [AUDIENCE],
        "user": {"username": "system:serviceaccount:team:default", "extra": extra},
    }
    return {"status": status | changes}


def test_a_review_names_the_pod() -> None:
    assert pod_identity(review(), AUDIENCE) == PodIdentity("team", "p", "u")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        review(authenticated=False),
        review(authenticated="true"),
        review(audiences=[]),
        review(audiences=["https://kubernetes.default.svc"]),
        review(user={"username": "admin", "extra": review()["status"]["user"]["extra"]}),
        review(user={"username": "system:serviceaccount:team:default"}),
    ],
)
def test_a_review_that_leaves_anything_open_is_a_no(answer: dict[str, Any]) -> None:
    assert pod_identity(answer, AUDIENCE) is None


GOOD, STRANGER = token_of(POD), token_of(OTHER)
FORGED = token_of(POD, serial=1)
"""Claims what is true, and was signed by nobody."""


class Reviews:
    """TokenReview as a table."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_down = False

    async def __call__(self, token: str, audience: str) -> PodIdentity | None:
        self.asked += 1
        if self.is_down:
            raise Unavailable(503, "down")
        return {GOOD: POD, STRANGER: OTHER}.get(token)


@pytest.fixture
def cache() -> Cache:
    cache = Cache()
    cache.put("TrainingRun", view_of("TrainingRun", objects.resource("TrainingRun", "run")))
    cache.put("Job", view_of("Job", objects.job("j", OWNER, number=7)))
    cache.put("Pod", view_of("Pod", objects.pod("p", OWNER, "j", 7, number=8)))
    return cache


async def test_only_a_pod_of_ours_is_a_reporter(cache: Cache) -> None:
    reporters = Reporters(cache, Reviews(), FakeClock().monotonic)
    found = await reporters.identify(GOOD)
    assert found is not None
    assert (found.key, found.job) == (RUN, "j")
    assert await reporters.identify(STRANGER) is None
    assert await reporters.identify(FORGED) is None
    assert await reporters.identify("bad") is None


async def test_a_pod_that_was_replaced_by_another_of_its_name_is_no_reporter(cache: Cache) -> None:
    cache.put("Pod", view_of("Pod", objects.pod("p", OWNER, "j", 7, number=9, version=2)))
    assert await Reporters(cache, Reviews(), FakeClock().monotonic).identify(GOOD) is None


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
async def test_S7_a_report_about_a_pod_that_ended_is_refused(cache: Cache, phase: str) -> None:
    status = {"phase": phase}
    cache.put("Pod", view_of("Pod", objects.pod("p", OWNER, "j", 7, number=8, version=2, status=status)))
    assert await Reporters(cache, Reviews()).identify(token_of(POD)) is None


async def test_a_pod_with_a_forged_job_is_no_reporter(cache: Cache) -> None:
    cache.put("Pod", view_of("Pod", objects.pod("p", OWNER, "j", 99, number=8, version=2)))
    assert await Reporters(cache, Reviews(), FakeClock().monotonic).identify(GOOD) is None


async def test_an_answer_about_a_token_is_remembered_for_a_minute(cache: Cache) -> None:
    clock, reviews = FakeClock(), Reviews()
    reporters = Reporters(cache, reviews, clock.monotonic)
    for _ in range(5):
        await reporters.identify(GOOD)
    assert reviews.asked == 1
    clock.sleep(REMEMBER_SECONDS)
    await reporters.identify(GOOD)
    assert reviews.asked == 2


async def test_who_claims_no_pod_of_ours_is_refused_before_anybody_is_asked(cache: Cache) -> None:
    reviews = Reviews()
    reporters = Reporters(cache, reviews, FakeClock().monotonic)
    bogus = [token_of(PodIdentity("team", f"p{n}", str(n))) for n in range(6000)]
    odd = ["x", "a.b.c", token_of(POD, aud=["else"]), token_of(POD, exp=1_000_000), jwt.encode({}, "k" * 32)]
    for token in (*bogus, *odd):
        assert await reporters.identify(token) is None
    assert reviews.asked == 0


async def test_few_tokens_are_asked_about_at_a_time_and_few_wait(cache: Cache) -> None:
    asked, release = list[str](), asyncio.Event()

    async def review(token: str, _: str) -> PodIdentity | None:
        asked.append(token)
        await release.wait()
        return POD if token == GOOD else None

    reporters = Reporters(cache, review, FakeClock().monotonic)
    tokens = [GOOD, GOOD, *(token_of(POD, serial=n) for n in range(1, WAITING_MAX + 1))]
    tasks = [asyncio.create_task(reporters.identify(token)) for token in tokens]
    await asyncio.sleep(0)
    assert len(asked) == REVIEWS_MAX
    release.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(one, Reporter) for one in found[:3]] == [True, True, False]
    assert sum(isinstance(one, Busy) for one in found) == len(tokens) - WAITING_MAX


class Endpoint:
    """The endpoint with what surrounds it."""

    def __init__(self, cache: Cache) -> None:
        self.reviews = Reviews()
        self.woken: list[Key] = []
        self.is_leader = True
        reporters = Reporters(cache, self.reviews, FakeClock().monotonic)
        board = Board(FakeClock().monotonic)
        endpoint = ProgressEndpoint(reporters, board, self.woken.append, lambda: NOW, lambda: self.is_leader)
        self.client = TestClient(TestServer(endpoint.application()))

    async def post(self, token: str | None, body: bytes) -> int:
        headers = bearer(token) if token else {}
        return (await self.client.post(PATH, data=body, headers=headers)).status


@pytest.fixture
async def endpoint(cache: Cache) -> AsyncIterator[Endpoint]:
    made = Endpoint(cache)
    async with made.client:
        yield made


async def test_a_good_report_wakes_its_run(endpoint: Endpoint) -> None:
    assert await endpoint.post(GOOD, report(progressPercentage=5)) == 200
    assert endpoint.woken == [RUN]
    assert await endpoint.post(GOOD, report(progressPercentage=50)) == 200
    assert endpoint.woken == [RUN]


@pytest.mark.parametrize(
    ("token", "body", "status"),
    [
        (None, report(progressPercentage=5), 401),
        ("x" * 20_000, report(progressPercentage=5), 400),
        (STRANGER, report(progressPercentage=5), 403),
        (GOOD, b"nonsense", 400),
        (GOOD, b"x" * (BODY_MAX + 1), 413),
    ],
)
async def test_other_reports_are_refused(
    endpoint: Endpoint, token: str | None, body: bytes, status: int
) -> None:
    assert await endpoint.post(token, body) == status
    assert endpoint.woken == []


async def test_when_nobody_can_tell_or_lead_the_report_may_come_again(endpoint: Endpoint) -> None:
    endpoint.reviews.is_down = True
    assert await endpoint.post(GOOD, report(progressPercentage=5)) == 503
    endpoint.is_leader = False
    assert await endpoint.post(GOOD, report(progressPercentage=5)) == 503


async def test_a_body_that_never_ends_is_given_up(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.01)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    assert (await endpoint.client.post(PATH, data=slowly(), headers=bearer(GOOD))).status == 408


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_made_certificate_is_trusted_by_a_strict_client() -> None:
    bundle = tls.make(["progress.test", "localhost"], datetime.now(UTC))
    client = ssl.create_default_context(cadata=bundle.authority.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    shake_hands(server_context(bundle), client, "progress.test")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_context(bundle), client, "other.test")


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> None:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    left = client.wrap_bio(back, there, server_hostname=host)
    right = server.wrap_bio(there, back, server_side=True)
    for _ in range(6):
        for side in (left, right):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_a_stored_certificate_is_used_while_it_fits() -> None:
    bundle = tls.make(["progress.test"], NOW)
    assert tls.is_usable(bundle, ["progress.test"], NOW)
    assert not tls.is_usable(bundle, ["other.test"], NOW)
    assert not tls.is_usable(bundle, ["progress.test"], NOW + tls.LIFETIME - timedelta(days=300))
    other = tls.make(["progress.test"], NOW)
    assert not tls.is_usable(
        tls.Bundle(bundle.authority, bundle.certificate, other.key), ["progress.test"], NOW
    )
    assert not tls.is_usable(
        tls.Bundle(other.authority, bundle.certificate, bundle.key), ["progress.test"], NOW
    )
    assert not tls.is_usable(tls.Bundle(b"", b"x", b"y"), ["progress.test"], NOW)
