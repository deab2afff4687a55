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
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import config
from kubernetes.client import ApiException, Configuration
from kubernetes.client.rest import RESTClientObject

from sluice_operator import metrics
from sluice_operator.adapters.cluster.errors import ApiError, Unavailable, error_for

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0


@dataclass(frozen=True)
class Credentials:
    """How to reach the API server; kopf gets them from here, so that there is one way to log in."""

    server: str
    ca_path: str | None
    token: str | None
    certificate_path: str | None
    private_key_path: str | None


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

    def __init__(self, kubeconfig: Path | None = None, *, threads: int = 16) -> None:
        self._configuration = _configuration(kubeconfig, threads)
        self._rest = RESTClientObject(self._configuration)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="api")
        self.fence: Callable[[], None] = lambda: None
        """Called before each fenced write; raises when this process may not write any more."""

    async def send(self, request: Request) -> dict[str, Any]:
        """The answer's JSON. Raises an ApiError."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._send, request)

    def credentials(self) -> Credentials:
        """The current credentials; a projected token is read again from its file."""
        found = self._configuration
        header: str = found.get_api_key_with_prefix("BearerToken") or ""
        return Credentials(
            server=found.host,
            ca_path=found.ssl_ca_cert,
            token=header.split(" ", 1)[-1] or None,
            certificate_path=found.cert_file,
            private_key_path=found.key_file,
        )

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

    def _open(self, request: Request, read_seconds: float | None) -> Any:
        query = f"?{urlencode(request.query)}" if request.query else ""
        response = self._rest.pool_manager.request(
            request.method,
            f"{self._configuration.host}{request.path}{query}",
            headers=self._headers(request),
            body=None if request.body is None else encoded(request.body),
            preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
        )
        if not 200 <= response.status <= 299:
            raise ApiException(http_resp=response)
        return response

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {
            "Accept": request.accept,
            "Content-Type": request.content_type,
            "User-Agent": "sluice-operator",
        }
        # Asked for at every request: a projected token changes while we run.
        if bearer := self._configuration.get_api_key_with_prefix("BearerToken"):
            headers["Authorization"] = bearer
        return headers


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
    except ApiException as error:
        retry_after = (error.headers or {}).get("Retry-After")
        raise error_for(error.status or 0, _text(error.body), retry_after) from None
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(0, f"the API server did not answer: {type(error).__name__}") from None


def _configuration(kubeconfig: Path | None, threads: int) -> Configuration:
    found = Configuration()
    if kubeconfig is None:
        config.load_incluster_config(client_configuration=found)
    else:
        config.load_kube_config(config_file=str(kubeconfig), client_configuration=found)
    found.connection_pool_maxsize = threads
    # Our queue tries again, with backoff and the whole picture; the wire never does by itself.
    found.retries = False
    return found


def _text(body: object) -> str:
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
