"""The wire: credentials, timeouts, a bounded pool of threads, and errors that say how to go on.

Plain JSON in and out. The client's models are never used: they cost memory and time, and lose fields that
are newer than the client.
"""

import asyncio
import codecs
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import urllib3

from sluice_operator import metrics
from sluice_operator.adapters.cluster.errors import ApiError, Unavailable, error_for

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0


class Login(Protocol):
    """How to reach the API server."""

    @property
    def server(self) -> str:
        """Its address."""

    def pool(self, size: int) -> urllib3.PoolManager:
        """Connections of which so many are kept."""

    def headers(self) -> Mapping[str, str]:
        """Who asks; read at every request, because a projected token changes while we run."""


@dataclass(frozen=True)
class Request:
    """One request; `fenced` marks writes that only the leader may send."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = None
    content_type: str = JSON
    fenced: bool = False
    accept: str = JSON


class Transport:
    """Sends requests in threads and gives back plain data."""

    def __init__(self, login: Login, *, threads: int = 16) -> None:
        self._login = login
        self._connections = login.pool(threads)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="api")
        self.fence: Callable[[], None] = lambda: None
        """Called before each fenced write; raises when this process may not write any more."""

    async def send(self, request: Request) -> dict[str, Any]:
        """The answer's JSON. Raises an ApiError."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._send, request)

    def close(self) -> None:
        """Let threads end that have nothing to do; a request that hangs is left behind."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, request: Request) -> dict[str, Any]:
        if request.fenced:
            self.fence()
        started = time.monotonic()
        code = "error"
        try:
            with _told_as_api_errors():
                answer = self._call(request)
            code = "2xx"
        except ApiError as error:
            code = str(error.status or "error")
            raise
        finally:
            metrics.API_REQUESTS.labels(request.method, code).inc()
            metrics.API_SECONDS.labels(request.method).observe(time.monotonic() - started)
        return answer

    def lines(self, request: Request) -> Iterator[str]:
        """Lines of an answer that is text, such as a log, as they come; nothing times out between them."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        rest = ""
        with _told_as_api_errors():
            response = self._open(request, None)
            try:
                for chunk in response.stream():
                    *whole, rest = (rest + decoder.decode(chunk)).split("\n")
                    yield from whole
            finally:
                response.close()
        if rest:
            yield rest

    def _call(self, request: Request) -> dict[str, Any]:
        response = self._open(request, READ_SECONDS)
        try:
            answer = json.loads(response.data)
        except ValueError as error:
            raise Unavailable(response.status, f"the answer is not JSON: {error}") from None
        return answer if isinstance(answer, dict) else {}

    def _open(self, request: Request, read_seconds: float | None) -> urllib3.BaseHTTPResponse:
        query = f"?{urlencode(request.query)}" if request.query else ""
        response = self._connections.request(
            request.method,
            f"{self._login.server}{request.path}{query}",
            headers=self._headers(request),
            body=None if request.body is None else encoded(request.body),
            preload_content=False,
            # Our queue tries again, with backoff and the whole picture; the wire never does by itself.
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )
        if not 200 <= response.status <= 299:
            text = response.data.decode(errors="replace")
            raise error_for(response.status, text, response.headers.get("Retry-After"))
        return response

    def _headers(self, request: Request) -> dict[str, str]:
        return {
            "Accept": request.accept,
            "Content-Type": request.content_type,
            "User-Agent": "sluice-operator",
            **self._login.headers(),
        }


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON to the byte as the API server writes it.

    It keeps the data of a ControllerRevision as it came and refuses every change of these bytes, so that
    another form would forbid later patches of labels and owners too: ours, and the garbage collector's.
    """
    text = json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode(errors="replace")


@contextmanager
def _told_as_api_errors() -> Iterator[None]:
    try:
        yield
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(0, f"the API server did not answer: {type(error).__name__}") from None
