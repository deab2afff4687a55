"""Probes and metrics over HTTP.

Alive: every watch stands, and the loop turns, else nobody would answer. Ready: the cache is filled.
"""

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

from sluice_operator import metrics

TICK_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
"""How long watches may be missing: they come and go while kopf starts and reconnects."""


class Health:
    """What the probes tell."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.is_ready = False
        self.watches: Callable[[], tuple[int, int]] = lambda: (0, 0)
        """Watches that live, and watches that should."""
        self._whole_at = clock()

    async def run(self) -> None:
        """Measure for ever."""
        while True:
            before = self._clock()
            await asyncio.sleep(TICK_SECONDS)
            self.tick(self._clock() - before - TICK_SECONDS)

    def tick(self, lag: float) -> None:
        """One measurement."""
        metrics.LOOP_LAG_SECONDS.set(max(0.0, lag))
        living, wanted = self.watches()
        if living >= wanted:
            self._whole_at = self._clock()

    def trouble(self) -> str | None:
        """Why this process should be started anew, or None."""
        if self._clock() - self._whole_at > PATIENCE_SECONDS:
            living, wanted = self.watches()
            return f"{living} of {wanted} watches are alive"
        return None

    def application(self) -> web.Application:
        """The web application: /livez, /readyz, /metrics."""
        application = web.Application()
        application.router.add_get("/livez", self._livez)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", _metrics)
        return application

    async def _livez(self, _: web.Request) -> web.Response:
        trouble = self.trouble()
        return web.Response(status=200 if trouble is None else 500, text=f"{trouble or 'ok'}\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        return web.Response(
            status=200 if self.is_ready else 503,
            text="ok\n" if self.is_ready else "the cache is being filled\n",
        )


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")
