"""Workers: they take keys from the queue, pass over them, and give them back with what comes next.

An error of one key is that key's alone. Only a lost Lease ends a worker.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from sluice_api import reasons
from sluice_operator import logs, metrics
from sluice_operator.adapters.cluster.errors import ApiError, Forbidden, Invalid
from sluice_operator.lease import LeaseLost
from sluice_operator.model import Key
from sluice_operator.queue import WakeQueue
from sluice_operator.reconcile import Outcome, reason_of
from sluice_operator.writes import ChildConflict, Outdated

LOG = logging.getLogger(__name__)
GRACE_SECONDS = 6.0
"""How long passes may take to finish when the operator stops."""
REFUSED_SECONDS = 30.0
"""Shortest wait after a refusal that only somebody else can lift."""


class Workers:
    """A fixed number of workers."""

    def __init__(self, queue: WakeQueue, reconcile: Callable[[Key], Awaitable[Outcome]], number: int) -> None:
        self._queue = queue
        self._reconcile = reconcile
        self._number = number
        self._idle: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def run(self) -> None:
        """Work until cancelled, then finish what is at work. Raises LeaseLost."""
        tasks = {asyncio.create_task(self._work(), name=f"worker {n}") for n in range(self._number)}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await self._drain(tasks)
        for task in done:
            task.result()

    async def _drain(self, tasks: set[asyncio.Task[None]]) -> None:
        """Take no new key; let running passes finish, and leave those that take too long."""
        self._is_stopping = True
        for task in self._idle:
            task.cancel()
        _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()

    async def _work(self) -> None:
        task = asyncio.current_task()
        while task is not None and not self._is_stopping:
            self._idle.add(task)
            key = await self._queue.get()
            self._idle.discard(task)
            # All lines of a pass share the key and an id of their own: no secret, so no call of the system.
            trace = f"{random.getrandbits(64):016x}"
            with (
                metrics.WORKERS_ACTIVE.track_inprogress(),
                logs.about(kind=key.kind, namespace=key.namespace, object=key.name, trace_id=trace),
            ):
                await self._pass(key)
            # A pass that writes nothing never waits: a full queue would hold up Lease, probes and answers.
            await asyncio.sleep(0)

    async def _pass(self, key: Key) -> None:
        started = time.monotonic()
        result = "done"
        try:
            outcome = await self._reconcile(key)
        except LeaseLost:
            raise
        except Exception as error:
            result = self._give_back(key, error)
        else:
            if outcome.is_gone:
                self._queue.forget(key)
            else:
                self._queue.done(key, outcome.requeue_after)
        metrics.RECONCILES.labels(key.kind, result).inc()
        metrics.RECONCILE_SECONDS.labels(key.kind).observe(time.monotonic() - started)

    def _give_back(self, key: Key, error: Exception) -> str:
        """Put a failed key back into the queue; returns what kind of failure it was."""
        fields: dict[str, str | float] = {"error": str(error)}
        match error:
            case Outdated():
                self._queue.failed(key)
                LOG.debug("looking again", extra=fields)
                return "outdated"
            case ApiError() | ChildConflict():
                delay = self._queue.failed(key, _shortest_wait(error))
                fields |= {"reason": reason_of(error).camel, "retry_seconds": round(delay, 3)}
                LOG.warning("pass failed", extra=fields)
                return "refused" if isinstance(error, Forbidden | Invalid | ChildConflict) else "unavailable"
            case _:
                metrics.PANICS.labels(key.kind).inc()
                delay = self._queue.failed(key)
                fields |= {"reason": reasons.PASS_CRASHED.camel, "retry_seconds": round(delay, 3)}
                LOG.error("pass crashed", exc_info=error, extra=fields)
                return "panic"


def _shortest_wait(error: ApiError | ChildConflict) -> float:
    if isinstance(error, Forbidden | Invalid | ChildConflict):
        return REFUSED_SECONDS
    return error.retry_after or 0.0
