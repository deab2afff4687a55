"""The Lease: one holder, judged by the own clock, lost in time, given back at the end."""

import asyncio
from typing import Any

import pytest

from sluice_operator.adapters.cluster.errors import AlreadyExists, Conflict, NotFound, Unavailable
from sluice_operator.lease import Elector, LeaseLost, Rhythm

RHYTHM = Rhythm(duration=15, deadline=10, retry=2)


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Store:
    """A Lease as the API server keeps it."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.is_down = False
        self.writes = 0

    async def read(self) -> dict[str, Any]:
        self._check()
        if self.lease is None:
            raise NotFound(404, "no lease")
        return self.lease

    async def create(self, spec: Any) -> dict[str, Any]:
        self._check()
        if self.lease is not None:
            raise AlreadyExists(409, "exists")
        return self._put(spec)

    async def replace(self, spec: Any, version: str) -> dict[str, Any]:
        self._check()
        if version != str(self.version):
            raise Conflict(409, "changed")
        return self._put(spec)

    def _check(self) -> None:
        if self.is_down:
            raise Unavailable(503, "down")

    def _put(self, spec: Any) -> dict[str, Any]:
        self.version += 1
        self.writes += 1
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": dict(spec)}
        return self.lease


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    return clock


def elector(store: Store, name: str, clock: Time) -> Elector:
    return Elector(store, name, RHYTHM, clock)


async def test_a_free_lease_is_taken(time: Time) -> None:
    store = Store()
    first = elector(store, "one", time)
    assert not first.is_leader
    await first.acquire()
    first.check()
    assert store.lease is not None
    assert store.lease["spec"]["holderIdentity"] == "one"


async def test_a_standby_waits_until_the_lease_stood_still_on_its_own_clock(time: Time) -> None:
    store = Store()
    await elector(store, "one", time).acquire()
    assert store.lease is not None
    store.lease["spec"]["renewTime"] = "1970-01-01T00:00:00Z"
    started = time.now
    second = elector(store, "two", time)
    await second.acquire()
    assert time.now - started >= RHYTHM.duration
    assert store.lease["spec"]["leaseTransitions"] == 2


async def test_a_lease_that_is_renewed_is_never_taken(time: Time) -> None:
    store = Store()
    first, second = elector(store, "one", time), elector(store, "two", time)
    await first.acquire()
    for _ in range(20):
        assert not await second._try()
        await first._renew()
        time.now += RHYTHM.retry
    assert first.is_leader


async def test_a_lease_that_was_given_back_is_taken_at_once(time: Time) -> None:
    store = Store()
    first, second = elector(store, "one", time), elector(store, "two", time)
    await first.acquire()
    await first.release()
    assert not first.is_leader
    started = time.now
    await second.acquire()
    assert time.now == started


@pytest.mark.parametrize(
    "answers", [[asyncio.CancelledError()], [asyncio.CancelledError(), Unavailable(503, "down")]]
)
async def test_a_renewal_that_was_cancelled_on_its_way_is_given_back_too(
    time: Time, monkeypatch: pytest.MonkeyPatch, answers: list[BaseException]
) -> None:
    store = Store()
    leader = elector(store, "one", time)
    await leader.acquire()
    put = store._put

    def put_and_fail(spec: Any) -> dict[str, Any]:
        lease = put(spec)
        if answers:
            raise answers.pop(0)
        return lease

    monkeypatch.setattr(store, "_put", put_and_fail)
    with pytest.raises(asyncio.CancelledError):
        await leader.keep()
    await leader.release()
    assert store.lease is not None
    assert store.lease["spec"]["holderIdentity"] == ""


async def test_a_lease_that_somebody_else_took_is_left_alone(time: Time) -> None:
    store = Store()
    first, second = elector(store, "one", time), elector(store, "two", time)
    await first.acquire()
    time.now += RHYTHM.duration + 1
    await second.acquire()
    await first.release()
    assert store.lease is not None
    assert store.lease["spec"]["holderIdentity"] == "two"


async def test_a_leader_that_cannot_renew_stops_before_another_may_start(time: Time) -> None:
    store = Store()
    leader = elector(store, "one", time)
    await leader.acquire()
    renewed = time.now
    store.is_down = True
    with pytest.raises(LeaseLost):
        await leader.keep()
    assert time.now - renewed <= RHYTHM.deadline
    with pytest.raises(LeaseLost):
        leader.check()


async def test_a_short_outage_is_survived(time: Time) -> None:
    store = Store()
    leader = elector(store, "one", time)
    await leader.acquire()
    store.is_down = True
    time.now += RHYTHM.retry
    assert not await leader._try()
    store.is_down = False
    await leader._renew()
    assert leader.is_leader


async def test_a_process_that_slept_too_long_may_not_write(time: Time) -> None:
    store = Store()
    leader = elector(store, "one", time)
    await leader.acquire()
    time.now += RHYTHM.duration
    with pytest.raises(LeaseLost):
        leader.check()
    with pytest.raises(LeaseLost):
        await leader.keep()


async def test_a_lease_that_another_took_is_lost(time: Time) -> None:
    store = Store()
    leader = elector(store, "one", time)
    await leader.acquire()
    store._put({"holderIdentity": "two"})
    with pytest.raises(LeaseLost):
        await leader.keep()


async def test_two_that_race_end_with_one_leader(time: Time) -> None:
    store = Store()
    both = [elector(store, name, time) for name in ("one", "two")]
    won = await asyncio.gather(*(e._try() for e in both))
    assert sorted(won) == [False, True]


@pytest.mark.parametrize(("theirs", "waits"), [(60, 60), (5, 5), (None, 15), ("soon", 15)])
async def test_a_lease_is_taken_over_by_its_holders_duration(time: Time, theirs: Any, waits: int) -> None:
    store = Store()
    await store.create({"holderIdentity": "other", "leaseDurationSeconds": theirs})
    before = time.now
    await elector(store, "one", time).acquire()
    assert waits <= time.now - before <= waits + RHYTHM.retry


async def test_a_broken_second_is_promised_whole(time: Time) -> None:
    store = Store()
    await Elector(store, "one", Rhythm(duration=15.5), time).acquire()
    assert store.lease is not None
    assert store.lease["spec"]["leaseDurationSeconds"] == 16
