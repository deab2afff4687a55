"""The login: an authority that the cluster changes is trusted without a new start, by whoever asks."""

from datetime import UTC, datetime
from pathlib import Path

import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from sluice_operator import tls
from sluice_operator.adapters.cluster.errors import Unavailable
from sluice_operator.adapters.cluster.transport import Request, Transport
from sluice_operator.handlers import login as login_module
from sluice_operator.handlers.login import Login
from sluice_operator.progress.server import server_context

ASK = Request("GET", "/version")


@pytest.fixture
def authorities() -> tuple[tls.Bundle, tls.Bundle]:
    now = datetime.now(UTC)
    return tls.make(["localhost"], now), tls.make(["localhost"], now)


async def serve(bundle: tls.Bundle, port: int) -> web.AppRunner:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({})

    application = web.Application()
    application.router.add_get("/version", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port, ssl_context=server_context(bundle)).start()
    return runner


async def test_a_rotated_authority_is_trusted(
    authorities: tuple[tls.Bundle, tls.Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = authorities
    port, file = unused_port(), tmp_path / "ca.crt"
    file.write_bytes(old.authority)
    found = kopf.ConnectionInfo(server=f"https://localhost:{port}", ca_path=str(file), token="t")
    monkeypatch.setattr(Login, "read", lambda _: found)
    transport = Transport(Login(None), threads=1)
    runner = await serve(old, port)
    assert await transport.send(ASK) == {}
    await runner.cleanup()
    runner = await serve(new, port)
    with pytest.raises(Unavailable):
        await transport.send(ASK)
    file.write_text("half a cert")
    monkeypatch.setattr(login_module, "TOKEN_SECONDS", 0.0)
    with pytest.raises(Unavailable):
        await transport.send(ASK)
    file.write_bytes(new.authority)
    assert await transport.send(ASK) == {}
    await runner.cleanup()
