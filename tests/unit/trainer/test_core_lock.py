"""The lock per fingerprint, on a clock that moves only while somebody waits."""

import threading

import pytest

from sluice_api import reasons
from sluice_api.errors import DependencyUnavailable, StoppedOnRequest
from sluice_trainer.lock import EXPIRY_S, FingerprintLock
from support.clock import FakeClock
from support.memorystore import MemoryStore

FINGERPRINT = "f" * 64


def lock(store: MemoryStore, clock: FakeClock, stop: threading.Event | None = None) -> FingerprintLock:
    """A lock whose own heartbeat thread never beats within a test."""
    return FingerprintLock(store, FINGERPRINT, clock, stop, beat_s=3600)


def test_a_live_lock_is_held() -> None:
    store = MemoryStore()
    holder = lock(store, FakeClock())
    holder.acquire()
    clock = FakeClock(on_sleep=lambda seconds: holder.beat() if clock.elapsed >= 15 else None)
    with pytest.raises(DependencyUnavailable) as caught:
        lock(store, clock).acquire()
    assert caught.value.reason is reasons.LOCK_HELD
    assert clock.elapsed < 20
    holder.release()


def test_a_lock_that_was_given_back_is_taken_at_once() -> None:
    store, clock = MemoryStore(), FakeClock()
    first = lock(store, clock)
    first.acquire()
    first.release()
    second = lock(store, clock)
    second.acquire()
    assert clock.elapsed == 0
    assert list(store.list(f"train/{FINGERPRINT}/lock")) == [f"train/{FINGERPRINT}/lock/000002"]
    second.release()


def test_a_killed_holder_blocks_for_a_minute_and_no_longer() -> None:
    store, clock = MemoryStore(), FakeClock()
    lock(store, FakeClock()).acquire()  # and is killed: it never beats again
    successor = lock(store, clock)
    successor.acquire()
    assert EXPIRY_S <= clock.elapsed < EXPIRY_S + 5
    successor.release()


def test_a_holder_that_slept_too_long_learns_that_it_lost() -> None:
    store = MemoryStore()
    sleeper = lock(store, FakeClock())
    sleeper.acquire()
    successor = lock(store, FakeClock())
    successor.acquire()
    before = dict(store.objects)
    sleeper.beat()
    assert sleeper.lost.is_set()
    sleeper.release()
    assert store.objects == before
    successor.release()


def test_of_two_who_waited_only_one_takes_over() -> None:
    store = MemoryStore()
    lock(store, FakeClock()).acquire()
    rival = lock(store, FakeClock())
    clock = FakeClock(on_sleep=lambda seconds: rival.acquire() if clock.elapsed == EXPIRY_S else None)
    with pytest.raises(DependencyUnavailable) as caught:
        lock(store, clock).acquire()
    assert caught.value.reason is reasons.LOCK_HELD
    rival.release()


def test_being_asked_to_end_ends_the_wait() -> None:
    store, stop = MemoryStore(), threading.Event()
    lock(store, FakeClock()).acquire()
    clock = FakeClock(on_sleep=lambda seconds: stop.set())
    with pytest.raises(StoppedOnRequest):
        lock(store, clock, stop).acquire()
