"""The parts round a pass: workers, resync, watches, events, health, logs, errors of the API server."""

import asyncio
import json
import logging
import ssl
import threading
from collections.abc import Callable
from typing import Any, cast

import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sluice_api import reasons
from sluice_api.redaction import HIDDEN
from sluice_operator import logs
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unavailable,
    error_for,
)
from sluice_operator.adapters.cluster.events import BURST, REFILL_SECONDS, Recorder, event_of
from sluice_operator.adapters.cluster.transport import Transport
from sluice_operator.cache import Cache
from sluice_operator.handlers import events
from sluice_operator.handlers import watch as watch_module
from sluice_operator.handlers.resync import Resync
from sluice_operator.handlers.watch import Watch, WatchEnded
from sluice_operator.intake import Intake
from sluice_operator.kinds import RESOURCES, SELECTORS, WATCHED
from sluice_operator.lease import LeaseLost
from sluice_operator.model import EventNote, Key, Resource
from sluice_operator.queue import WakeQueue
from sluice_operator.reconcile import Outcome
from sluice_operator.views import view_of
from sluice_operator.workers import REFUSED_SECONDS, Workers
from sluice_operator.writes import ChildConflict, Outdated
from support import objects
from support.clock import FakeClock
from support.fakecluster import FakeCluster

A, B = Key("team", "TrainingRun", "a"), Key("team", "TrainingRun", "b")
NOTE = EventNote(reasons.JOB_CREATED, "Job j")


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (404, "NotFound", NotFound),
        (409, "AlreadyExists", AlreadyExists),
        (409, "Conflict", Conflict),
        (403, "Forbidden", Forbidden),
        (422, "Invalid", Invalid),
        (400, "BadRequest", Invalid),
        (401, "Unauthorized", Unavailable),
        (410, "Expired", Unavailable),
        (429, "TooManyRequests", Unavailable),
        (503, "ServiceUnavailable", Unavailable),
        (0, "", Unavailable),
    ],
)
def test_each_answer_says_how_to_go_on(status: int, reason: str, kind: type[ApiError]) -> None:
    error = error_for(status, json.dumps({"reason": reason, "message": "why"}))
    assert type(error) is kind
    assert error.message == "why"


@pytest.mark.parametrize("body", ["", "<html>bad gateway</html>", "[]", "null", '{"message": 7}'])
def test_answers_of_somebody_else_are_no_surprise(body: str) -> None:
    assert isinstance(error_for(502, body, "soon"), Unavailable)


def test_F07_a_wait_that_the_server_asks_for_is_kept() -> None:
    assert error_for(429, "{}", "7").retry_after == 7


class Passes:
    """A reconcile function whose outcomes a test gives."""

    def __init__(self, **outcomes: Any) -> None:
        self.outcomes = outcomes
        self.seen: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self, key: Key) -> Outcome:
        self.seen.append(key.name)
        await self.hold.wait()
        outcome = self.outcomes.get(key.name, Outcome())
        if isinstance(outcome, Exception):
            raise outcome
        return cast(Outcome, outcome)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0)


async def run_until(workers: Workers, is_so: Callable[[], bool]) -> None:
    task = asyncio.create_task(workers.run())
    await until(is_so)
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "error", [RuntimeError("bug"), Unavailable(503, "down"), ChildConflict("x"), Outdated("x")]
)
async def test_an_error_of_one_key_is_that_keys_alone(error: Exception) -> None:
    queue, passes = WakeQueue(), Passes(a=error)
    for key in (A, B):
        queue.wake(key)
    await run_until(Workers(queue, passes, 1), lambda: "b" in passes.seen)


async def test_passes_that_never_wait_leave_turns_to_others() -> None:
    queue, passes, turns = WakeQueue(), Passes(), list[int]()

    async def lease() -> None:
        while True:
            turns.append(len(passes.seen))
            await asyncio.sleep(0)

    for number in range(20):
        queue.wake(Key("team", "TrainingRun", f"run-{number}"))
    other = asyncio.create_task(lease())
    await run_until(Workers(queue, passes, 1), lambda: len(passes.seen) == 20)
    other.cancel()
    assert set(range(20)) <= set(turns)


async def test_F06_a_refused_key_waits_for_somebody_to_act() -> None:
    queue, passes = WakeQueue(), Passes(a=Forbidden(403, "quota"))
    queue.wake(A)
    await run_until(Workers(queue, passes, 1), lambda: passes.seen == ["a"] and A in queue._due)
    assert passes.seen == ["a"]
    assert queue._due[A] - asyncio.get_running_loop().time() > REFUSED_SECONDS - 5


async def test_a_lost_lease_ends_all_workers() -> None:
    queue = WakeQueue()
    queue.wake(A)
    with pytest.raises(LeaseLost):
        await Workers(queue, Passes(a=LeaseLost("lost")), 3).run()


async def test_F03_a_stop_lets_a_pass_finish_and_takes_no_new_key() -> None:
    queue, passes = WakeQueue(), Passes()
    passes.hold.clear()
    queue.wake(A)
    task = asyncio.create_task(Workers(queue, passes, 1).run())
    await until(lambda: passes.seen == ["a"])
    queue.wake(B)
    task.cancel()
    await asyncio.sleep(0.01)
    passes.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert passes.seen == ["a"]
    assert A not in queue._failures


async def test_F12_a_resync_finds_what_the_watch_lost() -> None:
    cluster, cache, woken = FakeCluster(), Cache(), list[Key]()
    intake = Intake(cache, woken.append)
    resync = Resync(cast(Cluster, cluster), cache, intake, (), 600)
    stays = cluster.put("TrainingRun", objects.resource("TrainingRun", "a", number=1))
    goes = cluster.put("TrainingRun", objects.resource("TrainingRun", "b", number=2))
    await resync.fill()
    assert set(cache.keys()) == {A, B}
    del cluster.objects["TrainingRun", goes["metadata"]["name"]]
    cluster.put("TrainingRun", stays)
    woken.clear()
    await resync.fill()
    assert cache.keys() == (A,)
    assert set(woken) == {A, B}


async def test_a_resync_that_fails_is_tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, cache = FakeCluster(), Cache()
    cluster.put("TrainingRun", objects.resource("TrainingRun", "a", number=1))
    resync = Resync(cast(Cluster, cluster), cache, Intake(cache, lambda _: None), (), 600)
    waits: list[float] = []

    async def fail_once() -> None:
        if len(waits) == 1:
            raise Unavailable(500, "on order")
        await asyncio.Event().wait()

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(resync, "fill", fail_once)
    monkeypatch.setattr(resync, "_wait", wait)
    task = asyncio.create_task(resync.run())
    await until(lambda: len(waits) == 2)
    task.cancel()
    assert waits[1] < 10


def watching(cache: Cache, *namespaces: str, on_relist: Callable[[], None] = lambda: None) -> Watch:
    return Watch(Intake(cache, lambda _: None), unconnected, namespaces, on_relist)


def unconnected(_: object) -> kopf.AiohttpSession:
    raise AssertionError("nothing connects here")


@pytest.mark.parametrize("namespaces", [(), ("a", "b")])
async def test_F11_a_watch_that_starts_again_asks_for_a_list(namespaces: tuple[str, ...]) -> None:
    asked: list[bool] = []
    watch = watching(Cache(), *namespaces, on_relist=lambda: asked.append(True))
    paths = [path.path(space) for path in WATCHED.values() for space in namespaces or (None,)]
    for path in (*paths, "/apis", "/version", "/apis"):
        watch._note_list(path)
    assert asked == []
    watch._note_list(paths[-1])
    assert asked == [True]
    watch._own_loop.close()


async def test_F11_a_list_without_any_object_is_noticed() -> None:
    """The last object of a kind may be deleted in a gap of the watch: kopf has nothing to tell then."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"items": []})

    listed: list[str] = []
    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    async with TestServer(application) as server:
        info = kopf.ConnectionInfo(server=str(server.make_url("")))
        made = events.session(info, ssl.create_default_context(), listed.append)
        async with made.aiohttp_session as session:
            for query in ("", "?limit=500", "?limit=500&continue=x", "?watch=true"):
                async with session.get(server.make_url(f"/api/v1/pods{query}")):
                    pass
    assert listed == ["/api/v1/pods"] * 2


async def test_news_cross_in_order_and_one_call_fetches_many(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, calls = Cache(), list[object]()
    watch = watching(cache)
    loop = asyncio.get_running_loop()
    call_soon = loop.call_soon_threadsafe
    monkeypatch.setattr(loop, "call_soon_threadsafe", lambda call: (calls.append(call), call_soon(call)))
    run = objects.resource("TrainingRun", "a", number=1)
    for event, data in (
        ("ADDED", run),
        ("DELETED", run),
        ("ADDED", objects.resource("TrainingRun", "a", number=2)),
    ):
        watch._tell("TrainingRun", event, data)
    await asyncio.sleep(0)
    assert cache.keys() == (A,)
    assert len(calls) == 1
    watch._tell("TrainingRun", "DELETED", objects.resource("TrainingRun", "a", number=2))
    await asyncio.sleep(0)
    assert cache.keys() == ()
    assert len(calls) == 2
    watch._own_loop.close()


def test_kopf_filters_children_at_the_server_and_our_kinds_not_at_all() -> None:
    selectors = events.settings().watching.label_selectors
    for kind, path in WATCHED.items():
        resource = kopf.Resource(path.group, path.version, path.plural)
        assert selectors.collect(resource) == ([SELECTORS[kind]] if kind not in RESOURCES else [])


def test_kopf_has_nothing_to_write() -> None:
    found = events.settings()
    assert (found.posting.enabled, found.scanning.disabled, found.peering.standalone) == (False, True, True)
    assert found.persistence.diffbase_storage.build(body={}) == {}
    registry = events.registry(lambda *_: None, lambda: unconnected(None))
    assert len(registry._watching.get_all_handlers()) == len(WATCHED)
    for others in (registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert not others.get_all_handlers()


async def test_F11_watches_that_never_start_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "CHECK_SECONDS", 0.001)
    monkeypatch.setattr(watch_module, "PATIENCE_SECONDS", 0.01)
    watch = watching(Cache())
    watch._thread = threading.Thread(target=lambda: None)
    with pytest.raises(WatchEnded, match="0 of 10 watches"):
        await watch.run()
    watch._own_loop.close()


class Wire:
    """A transport that answers as told."""

    def __init__(self, *answers: Exception) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    async def send(self, request: Any) -> dict[str, Any]:
        self.sent.append(request.body)
        if self.answers:
            raise self.answers.pop(0)
        return {}


def run_view(uid: int = 1) -> Resource:
    view = view_of("TrainingRun", objects.resource("TrainingRun", "run", number=uid))
    assert isinstance(view, Resource)
    return view


def recorder(wire: Wire, clock: FakeClock) -> Recorder:
    return Recorder(cast(Transport, wire), "one", clock.monotonic)


async def test_F41_an_event_that_cannot_be_posted_harms_nothing() -> None:
    wire = Wire(Unavailable(503, "down"), AlreadyExists(409, "told"))
    for _ in range(2):
        await recorder(wire, FakeClock()).post(run_view(), NOTE)
    assert len(wire.sent) == 2


async def test_events_of_one_object_are_limited_and_those_of_others_are_not() -> None:
    wire, clock = Wire(), FakeClock()
    told = recorder(wire, clock)
    for _ in range(BURST + 5):
        await told.post(run_view(), NOTE)
    assert len(wire.sent) == BURST
    await told.post(run_view(2), NOTE)
    clock.sleep(REFILL_SECONDS)
    await told.post(run_view(), NOTE)
    assert len(wire.sent) == BURST + 2


def test_an_event_is_named_by_its_content() -> None:
    first, again = (event_of(run_view(), NOTE, who)["metadata"]["name"] for who in ("one", "two"))
    other = event_of(run_view(), EventNote(reasons.JOB_CREATED, "Job k"), "one")["metadata"]["name"]
    assert first == again != other
    assert set(RESOURCES) >= {event_of(run_view(), NOTE, "one")["regarding"]["kind"]}


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abc.def-123",
        "https://s3/x?X-Amz-Signature=abc.def-123&y=1",
        "password=abc.def-123",
        "key AKIAABCDEFGHIJKLMNOP",
        "hf_abcdefghijklmnopqrstuvwxyz",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.abc-123",
    ],
)
def test_a_log_line_holds_no_secret(secret: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "said %s", (secret,), None)
    record.error = secret
    line = logs.JsonFormatter().format(record)
    assert HIDDEN in line
    for part in ("abc.def-123", "AKIAABCDEFGHIJKLMNOP", "hf_abc", "eyJhb"):
        assert part not in line


def test_a_log_line_is_json_with_its_fields() -> None:
    record = logging.LogRecord("x", logging.WARNING, "f", 1, "pass failed", (), None)
    record.kind = "TrainingRun"
    line = json.loads(logs.JsonFormatter().format(record))
    assert (line["level"], line["message"], line["kind"]) == ("warning", "pass failed", "TrainingRun")
