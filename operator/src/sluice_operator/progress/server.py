"""The HTTPS endpoint that training Pods report to. Answers are short; none says what others may do."""

import asyncio
import logging
import ssl
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from aiohttp import web

from sluice_operator import metrics
from sluice_operator.adapters.cluster.errors import ApiError
from sluice_operator.model import Key
from sluice_operator.progress.board import Board
from sluice_operator.progress.body import BadReport, parse_report
from sluice_operator.progress.reporters import Busy, Reporter, Reporters
from sluice_operator.tls import Bundle

LOG = logging.getLogger(__name__)
BODY_MAX = 64 * 1024
BODY_SECONDS = 10.0
TOKEN_MAX = 16 * 1024
PATH = "/progress"


class _Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class ProgressEndpoint:
    """Takes reports; `wake` is called when one is worth a pass."""

    def __init__(
        self,
        reporters: Reporters,
        board: Board,
        wake: Callable[[Key], None],
        now: Callable[[], datetime],
        is_leader: Callable[[], bool],
    ) -> None:
        self._reporters = reporters
        self._board = board
        self._wake = wake
        self._now = now
        self._is_leader = is_leader

    def application(self) -> web.Application:
        """The web application."""
        application = web.Application(client_max_size=BODY_MAX)
        application.router.add_post(PATH, self._post)
        return application

    async def _post(self, request: web.Request) -> web.Response:
        try:
            await self._take(request)
        except _Refused as refused:
            metrics.PROGRESS_POSTS.labels(f"http_{refused.status}").inc()
            return web.json_response({"message": refused.text}, status=refused.status)
        metrics.PROGRESS_POSTS.labels("accepted").inc()
        return web.json_response({"message": "thank you"})

    async def _take(self, request: web.Request) -> None:
        if not self._is_leader():
            raise _Refused(503, "this replica is on standby; send the report again")
        reporter = await self._identify(request)
        try:
            body = await asyncio.wait_for(request.read(), BODY_SECONDS)
            note = parse_report(body, reporter.pod, reporter.job, self._now())
        except BadReport as error:
            raise _Refused(400, str(error)) from None
        except TimeoutError:
            raise _Refused(408, f"a report comes within {BODY_SECONDS:g} s") from None
        except web.HTTPRequestEntityTooLarge:
            raise _Refused(413, f"a report has at most {BODY_MAX} bytes") from None
        if self._board.post(note):
            self._wake(reporter.key)

    async def _identify(self, request: web.Request) -> Reporter:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_MAX:
            raise _Refused(401, "send the Pod's projected token as a bearer token")
        try:
            reporter = await self._reporters.identify(token)
        except (ApiError, Busy):
            raise _Refused(503, "the token cannot be checked now; send the report again later") from None
        if reporter is None:
            raise _Refused(403, "this token belongs to no Pod that reports here")
        return reporter


def server_context(bundle: Bundle) -> ssl.SSLContext:
    """The TLS context; the standard library reads certificates only from files, so they pass through one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "chain.pem"
        chain.touch(mode=0o600)
        chain.write_bytes(bundle.key + bundle.certificate)
        context.load_cert_chain(chain)
    return context
