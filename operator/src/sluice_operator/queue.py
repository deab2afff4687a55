"""The queue of keys: each key at most once, one worker per key, namespaces in turn, failures with backoff.

A key that is woken while it is at work runs once more afterwards. A key that keeps failing waits longer and
longer and holds up nobody. What a pass does is none of this module's business.
"""

import asyncio
import heapq
import math
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sluice_operator import metrics
from sluice_operator.model import Key

BACKOFF_FIRST = 0.005
BACKOFF_LAST = 300.0
BACKOFF_JITTER = 0.2
IMPATIENCE = 1.0
"""Longest wait of a failing key that is woken by an event: what it failed on may be mended."""

REPLACED_ALARMS = 256
"""Alarms that were set anew and may stay in memory until the next tidying."""


@dataclass(frozen=True, order=True)
class _Alarm:
    due: float
    key: Key


class WakeQueue:
    """Keys that want to be looked at, now or later. For one event loop, not for threads."""

    def __init__(
        self, clock: Callable[[], float] | None = None, rng: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self._rng = rng
        self._ready: OrderedDict[str, OrderedDict[Key, float]] = OrderedDict()
        self._running: set[Key] = set()
        self._dirty: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._alarms: list[_Alarm] = []
        self._due: dict[Key, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        metrics.QUEUE_OLDEST_SECONDS.set_function(self.oldest_seconds)

    def wake(self, key: Key) -> None:
        """Look at the key as soon as a worker is free; a failing key keeps some of its backoff."""
        if key in self._running:
            self._dirty.add(key)
        elif key in self._failures and not self._is_ready(key):
            self._set_alarm(key, min(self._due.get(key, math.inf), self._clock() + IMPATIENCE))
        else:
            self._add(key)

    async def get(self) -> Key:
        """The next key; namespaces take turns. It must be given back with `done` or `failed`."""
        while True:
            self._ring()
            if self._ready:
                return self._take()
            self._changed.clear()
            await self._changed.wait()

    def done(self, key: Key, requeue_after: float | None = None) -> None:
        """The pass went well; look again after that many seconds, or when woken."""
        self._failures.pop(key, None)
        self._due.pop(key, None)
        self._end(key)
        if requeue_after is not None and not self._is_ready(key):
            self._set_alarm(key, self._clock() + max(0.0, requeue_after))

    def failed(self, key: Key, at_least: float = 0.0) -> float:
        """The pass failed; look again after a backoff, whose seconds are returned."""
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        jitter = 1 + BACKOFF_JITTER * (2 * self._rng() - 1)
        delay: float = max(at_least, min(BACKOFF_LAST, BACKOFF_FIRST * 2 ** min(count, 32)) * jitter)
        if key in self._dirty:
            # Somebody acted while it failed: as when it is woken while it waits.
            delay = min(delay, IMPATIENCE)
        metrics.QUEUE_RETRIES.inc()
        self._running.discard(key)
        self._dirty.discard(key)
        self._due.pop(key, None)
        self._set_alarm(key, self._clock() + delay)
        self._report()
        return delay

    def forget(self, key: Key) -> None:
        """The object is gone: nothing about it needs to be remembered."""
        self._failures.pop(key, None)
        self._due.pop(key, None)
        self._end(key)

    def __len__(self) -> int:
        return sum(map(len, self._ready.values()))

    def oldest_seconds(self) -> float:
        """How long the key waits that waits longest for a worker."""
        since = [next(iter(waiting.values())) for waiting in self._ready.values()]
        return max(0.0, self._clock() - min(since)) if since else 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for a worker and nothing is at work; alarms do not count."""
        return not self._ready and not self._running

    def _add(self, key: Key) -> None:
        waiting = self._ready.setdefault(key.namespace, OrderedDict())
        if key not in waiting:
            waiting[key] = self._clock()
            metrics.QUEUE_ADDS.inc()
        self._due.pop(key, None)
        self._changed.set()
        self._report()

    def _take(self) -> Key:
        namespace, waiting = self._ready.popitem(last=False)
        key, since = waiting.popitem(last=False)
        if waiting:
            self._ready[namespace] = waiting
        self._running.add(key)
        metrics.QUEUE_WAIT_SECONDS.observe(self._clock() - since)
        self._report()
        return key

    def _end(self, key: Key) -> None:
        self._running.discard(key)
        if key in self._dirty:
            self._dirty.discard(key)
            self._add(key)
        self._report()

    def _is_ready(self, key: Key) -> bool:
        return key in self._ready.get(key.namespace, ())

    def _set_alarm(self, key: Key, due: float) -> None:
        if self._due.get(key) == due:
            return
        self._due[key] = due
        heapq.heappush(self._alarms, _Alarm(due, key))
        if len(self._alarms) > 2 * len(self._due) + REPLACED_ALARMS:
            self._alarms = [_Alarm(due, key) for key, due in self._due.items()]
            heapq.heapify(self._alarms)
        self._wind()

    def _ring(self) -> None:
        """Make ready whose time has come; alarms that were replaced are dropped here."""
        while self._alarms and self._alarms[0].due <= self._clock():
            alarm = heapq.heappop(self._alarms)
            if self._due.get(alarm.key) == alarm.due:
                del self._due[alarm.key]
                self._wake_due(alarm.key)

    def _wake_due(self, key: Key) -> None:
        if key in self._running:
            self._dirty.add(key)
        else:
            self._add(key)

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._alarms:
            delay = max(0.0, self._alarms[0].due - self._clock())
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._ring()
        self._wind()
        self._changed.set()

    def _report(self) -> None:
        metrics.QUEUE_DEPTH.set(len(self))
        metrics.QUEUE_FAILING.set(len(self._failures))
