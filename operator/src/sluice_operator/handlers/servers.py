"""The operator's two listeners: probes with metrics, and progress over TLS."""

import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from aiohttp import web

from sluice_operator.handlers.assembly import Parts
from sluice_operator.health import Health
from sluice_operator.progress import certificate
from sluice_operator.progress.server import server_context

SHUTDOWN_SECONDS = 1.0


@contextlib.asynccontextmanager
async def serve_health(health: Health, host: str, port: int) -> AsyncIterator[None]:
    """Serve probes and metrics."""
    async with _serve(health.application(), host, port):
        yield


@contextlib.asynccontextmanager
async def serve_progress(parts: Parts, host: str, port: int) -> AsyncIterator[None]:
    """Serve the progress endpoint, if the settings say where Pods reach it."""
    url = parts.settings.progress_url
    if url is None:
        yield
        return
    names = [name for name in (urlsplit(url).hostname, "localhost") if name]
    bundle = await certificate.ensure(
        parts.secrets, parts.settings.certificate_name, names, datetime.now(UTC)
    )
    parts.observer.progress_ca_pem = bundle.authority.decode()
    async with _serve(parts.progress.application(), host, port, server_context(bundle)):
        yield


@contextlib.asynccontextmanager
async def _serve(
    application: web.Application, host: str, port: int, context: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=context).start()
        yield
    finally:
        await runner.cleanup()
