"""Probes and metrics over HTTP.

Alive: the loop turns, else nobody would answer; whatever else may die ends the process by itself. Ready: the
cache is filled.
"""

import asyncio
import time

from aiohttp import web

from sluice_operator import metrics

TICK_SECONDS = 1.0


class Health:
    """What the probes tell."""

    def __init__(self) -> None:
        self.is_ready = False

    async def run(self) -> None:
        """Measure for ever how late the loop is."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            metrics.LOOP_LAG_SECONDS.set(max(0.0, time.monotonic() - before - TICK_SECONDS))

    def application(self) -> web.Application:
        """The web application: /livez, /readyz, /metrics."""
        application = web.Application()
        application.router.add_get("/livez", _livez)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", _metrics)
        return application

    async def _readyz(self, _: web.Request) -> web.Response:
        if self.is_ready:
            return web.Response(text="ok\n")
        return web.Response(status=503, text="the cache is being filled\n")


async def _livez(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")
