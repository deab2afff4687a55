"""The queue: each key once, one worker per key, namespaces in turn, failures with backoff."""

import asyncio

import pytest

from sluice_operator.model import Key
from sluice_operator.queue import BACKOFF_LAST, IMPATIENCE, REPLACED_ALARMS, WakeQueue
from sluice_operator.workers import REFUSED_SECONDS


def key(name: str, namespace: str = "a") -> Key:
    return Key(namespace, "TrainingRun", name)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def queue(clock: Clock) -> WakeQueue:
    return WakeQueue(clock, rng=lambda: 0.5)


async def taken(queue: WakeQueue) -> Key:
    return await asyncio.wait_for(queue.get(), 1)


async def is_empty(queue: WakeQueue) -> bool:
    waiter = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    was_done = waiter.done()
    waiter.cancel()
    return not was_done


async def test_a_key_is_queued_once(queue: WakeQueue) -> None:
    queue.wake(key("x"))
    queue.wake(key("x"))
    assert await taken(queue) == key("x")
    assert await is_empty(queue)


async def test_one_worker_per_key_and_a_dirty_key_runs_again(queue: WakeQueue) -> None:
    queue.wake(key("x"))
    await taken(queue)
    queue.wake(key("x"))
    assert await is_empty(queue)
    queue.done(key("x"))
    assert await taken(queue) == key("x")


async def test_namespaces_take_turns(queue: WakeQueue) -> None:
    for name in ("1", "2", "3"):
        queue.wake(key(name, "big"))
    queue.wake(key("4", "small"))
    order = [await taken(queue) for _ in range(4)]
    assert [k.namespace for k in order] == ["big", "small", "big", "big"]


async def test_a_delayed_wake_comes_when_it_is_due(queue: WakeQueue, clock: Clock) -> None:
    queue.wake(key("x"))
    await taken(queue)
    queue.done(key("x"), requeue_after=10)
    clock.now += 9.9
    assert await is_empty(queue)
    clock.now += 0.2
    assert await taken(queue) == key("x")


async def test_a_new_plan_replaces_the_old_ones_wake(queue: WakeQueue, clock: Clock) -> None:
    for seconds in (10, 1000):
        queue.wake(key("x"))
        await taken(queue)
        queue.done(key("x"), requeue_after=seconds)
    clock.now += 11
    assert await is_empty(queue)


async def test_backoff_doubles_up_to_five_minutes_and_a_success_resets_it(queue: WakeQueue) -> None:
    delays = [queue.failed(key("x")) for _ in range(20)]
    assert delays[:4] == [0.005, 0.01, 0.02, 0.04]
    assert delays[-1] == BACKOFF_LAST
    queue.done(key("x"))
    assert queue.failed(key("x")) == 0.005


async def test_jitter_is_a_fifth_either_way(clock: Clock) -> None:
    assert WakeQueue(clock, rng=lambda: 0.0).failed(key("x")) == pytest.approx(0.004)
    assert WakeQueue(clock, rng=lambda: 1.0).failed(key("x")) == pytest.approx(0.006)


async def test_the_server_may_ask_for_a_longer_wait(queue: WakeQueue) -> None:
    assert queue.failed(key("x"), at_least=30) == 30


async def test_a_poison_key_holds_up_nobody(queue: WakeQueue) -> None:
    for _ in range(10):
        queue.failed(key("poison"))
    queue.wake(key("good"))
    assert await taken(queue) == key("good")


async def test_an_event_shortens_the_wait_of_a_failing_key(queue: WakeQueue, clock: Clock) -> None:
    for _ in range(20):
        queue.failed(key("x"))
    queue.wake(key("x"))
    assert await is_empty(queue)
    clock.now += IMPATIENCE + 0.1
    assert await taken(queue) == key("x")


async def test_an_event_during_a_failing_pass_is_not_lost(queue: WakeQueue, clock: Clock) -> None:
    for _ in range(20):
        queue.failed(key("x"))
    clock.now += BACKOFF_LAST + 1
    await taken(queue)
    queue.wake(key("x"))
    assert queue.failed(key("x")) == IMPATIENCE


async def test_an_event_wakes_a_key_that_waits_after_a_refusal(queue: WakeQueue, clock: Clock) -> None:
    queue.wake(key("x"))
    await taken(queue)
    queue.wake(key("x"))
    assert queue.failed(key("x"), at_least=REFUSED_SECONDS) <= IMPATIENCE
    clock.now += IMPATIENCE + 0.1
    assert await taken(queue) == key("x")
    assert queue.failed(key("x"), at_least=REFUSED_SECONDS) == REFUSED_SECONDS
    queue.wake(key("x"))
    clock.now += IMPATIENCE + 0.1
    assert await taken(queue) == key("x")


async def test_replaced_alarms_are_not_kept(queue: WakeQueue) -> None:
    for number in range(3 * REPLACED_ALARMS):
        queue.done(key("x"), requeue_after=86_400 + number)
    assert len(queue._alarms) <= REPLACED_ALARMS + 2


async def test_a_forgotten_key_has_no_failures_and_no_alarm(queue: WakeQueue, clock: Clock) -> None:
    queue.failed(key("x"))
    queue.forget(key("x"))
    clock.now += 1000
    assert await is_empty(queue)
    assert queue.failed(key("x")) == 0.005


async def test_a_real_timer_wakes_a_waiting_worker() -> None:
    queue = WakeQueue()
    queue.done(key("x"), requeue_after=0.001)
    assert await taken(queue) == key("x")
