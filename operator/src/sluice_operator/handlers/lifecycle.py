"""From start to stop: the order in which the parts of the operator begin and end.

Discovery, lists, watches, Lease, workers; and backwards. A reconcile before everything is listed would see
nothing live, so workers come last. Whatever ends unasked ends the process: it is started anew, from nothing.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from sluice_operator.adapters.cluster.errors import Unavailable
from sluice_operator.handlers.assembly import Parts
from sluice_operator.handlers.servers import serve_health, serve_progress
from sluice_operator.handlers.watch import Watch

LOG = logging.getLogger(__name__)
Answer = TypeVar("Answer")
DISCOVERY_SECONDS = 120.0
POLL_SECONDS = 2.0
FRESH_SECONDS = 5.0
"""A cache that waited longer for the Lease is listed anew: the leader before us wrote until the end."""
RELEASE_SECONDS = 5.0


class CannotStart(Exception):
    """Something that the operator needs is not there."""


@dataclass(frozen=True)
class Addresses:
    """Where the operator listens."""

    host: str
    health_port: int
    progress_port: int


async def run(parts: Parts, addresses: Addresses) -> None:
    """Run until SIGTERM or SIGINT. Raises whatever ended the operator unasked."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with (
        serve_health(parts.health, addresses.host, addresses.health_port),
        _background(parts.health.run()),
    ):
        running = asyncio.create_task(_work(parts, addresses))
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _work(parts: Parts, addresses: Addresses) -> None:
    await wait_for_kinds(parts.cluster.missing_kinds)
    await _fill(parts)
    filled_at = time.monotonic()
    watch = Watch(parts.intake, parts.login.session, parts.settings.watch_namespaces, parts.resync.soon)
    parts.health.is_ready = True
    async with (
        _background(watch.run(), parts.resync.run()) as ended,
        serve_progress(parts, addresses.host, addresses.progress_port),
    ):
        await _first(ended, _lead(parts, filled_at))


async def _lead(parts: Parts, filled_at: float) -> None:
    await parts.lease_loop.run(parts.elector.acquire())
    LOG.info("leading")
    try:
        if time.monotonic() - filled_at > FRESH_SECONDS:
            await _fill(parts)
        parts.intake.wake_all()
        # Workers end before the Lease is given up: they finish what they are at.
        async with _background(parts.lease_loop.run(parts.elector.keep())) as ended:
            await _first(ended, parts.workers.run())
    finally:
        await _release(parts)


async def _release(parts: Parts) -> None:
    try:
        await asyncio.wait_for(parts.lease_loop.run(parts.elector.release()), RELEASE_SECONDS)
    except TimeoutError:
        LOG.warning("the Lease was not given back; it runs out by itself")


async def wait_for_kinds(missing_kinds: Callable[[], Awaitable[list[str]]]) -> None:
    """Wait until every watched kind is served: for ever while nobody answers, else not long."""
    polls = 0
    while missing := await _patiently(missing_kinds):
        polls += 1
        if polls * POLL_SECONDS > DISCOVERY_SECONDS:
            raise CannotStart(f"the API server does not serve {', '.join(missing)}; install the CRDs")
        LOG.warning("waiting for the API server to serve kinds", extra={"missing": missing})
        await asyncio.sleep(POLL_SECONDS)


async def _fill(parts: Parts) -> None:
    started = time.monotonic()
    await _patiently(parts.resync.fill)
    counts = {kind: number for kind, number in parts.cache.count_objects() if number}
    LOG.info("cache filled", extra={"seconds": round(time.monotonic() - started, 3), "objects": counts})


async def _patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask until somebody answers. An exit would only add the delay of a restart to that of the outage."""
    while True:
        try:
            return await ask()
        except Unavailable as error:
            LOG.warning("waiting for the API server", extra={"error": error.message})
            await asyncio.sleep(POLL_SECONDS)


@contextlib.asynccontextmanager
async def _background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[set[asyncio.Task[None]]]:
    """Work that runs beside the block and is cancelled with it."""
    tasks = {asyncio.create_task(one) for one in work}
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first(background: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; if anything in the background ends before, its error ends the work."""
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({task, *background}, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
