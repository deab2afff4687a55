"""A small client of the real API server: one kept connection per thread, raw JSON both ways."""

import http.client
import json
import math
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from sluice_api import meta
from sluice_api.kinds import KINDS

FRESH_SECONDS = 30
DRY_RUN = "dryRun=All&fieldValidation=Strict"


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    code: int
    body: dict[str, Any]

    @property
    def accepted(self) -> bool:
        if self.code not in {200, 201, 400, 422}:
            raise AssertionError(f"neither accepted nor refused: {self.code} {self.body}")
        return self.code < 300

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


class Entrance(Protocol):
    """Where an API server is and who asks: a control plane for tests, or a whole cluster."""

    @property
    def url(self) -> str: ...
    @property
    def ca_file(self) -> Path: ...
    @property
    def token(self) -> str: ...


@dataclass
class KubeApi:
    """The API server of a control plane, as its administrator or as whom the headers impersonate."""

    plane: Entrance
    headers: dict[str, str] = field(default_factory=dict)
    _local: threading.local = field(default_factory=threading.local)

    def acting_as(self, user: str, group: str = "system:authenticated") -> "KubeApi":
        """The same server as another user, in one group, meets it (`kubectl --as`)."""
        return KubeApi(self.plane, {"Impersonate-User": user, "Impersonate-Group": group})

    def create(self, kind: str, obj: dict[str, Any], query: str = DRY_RUN) -> Answer:
        return self.call("POST", f"{self._path(kind)}?{query}", obj)

    def replace(self, kind: str, obj: dict[str, Any], query: str = DRY_RUN) -> Answer:
        return self.call("PUT", f"{self._path(kind)}/{obj['metadata']['name']}?{query}", obj)

    def replace_status(self, kind: str, obj: dict[str, Any]) -> Answer:
        path = f"{self._path(kind)}/{obj['metadata']['name']}/status?fieldValidation=Strict"
        return self.call("PUT", path, obj)

    def delete(self, kind: str, name: str) -> Answer:
        return self.call("DELETE", f"{self._path(kind)}/{name}", None)

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, content: str = "application/json"
    ) -> Answer:
        headers = {
            "Authorization": f"Bearer {self.plane.token}",
            "Content-Type": content,
            **self.headers,
        }
        text = json.dumps(body) if body is not None else None
        try:
            return self._send(method, path, text, headers)
        except (ConnectionError, http.client.HTTPException):
            # The server was started anew since; reading again does no harm.
            self._local.used_at = -math.inf
            if method != "GET":
                raise
            return self._send(method, path, text, headers)

    def _send(self, method: str, path: str, text: str | None, headers: dict[str, str]) -> Answer:
        connection = self._connection()
        connection.request(method, path, text, headers)
        response = connection.getresponse()
        return Answer(response.status, json.loads(response.read()))

    def _path(self, kind: str) -> str:
        return f"/apis/{meta.API_VERSION}/namespaces/default/{KINDS[kind].plural}"

    def _connection(self) -> http.client.HTTPSConnection:
        """This thread's connection, new when the server may have closed the old one (it does after 90 s)."""
        now = time.monotonic()
        if now - getattr(self._local, "used_at", -math.inf) > FRESH_SECONDS:
            self._local.connection = connect(self.plane, timeout=30)
        self._local.used_at = now
        connection: http.client.HTTPSConnection = self._local.connection
        return connection


def connect(plane: Entrance, timeout: float | None) -> http.client.HTTPSConnection:
    """A new connection to an API server."""
    url = urlsplit(plane.url)
    context = ssl.create_default_context(cafile=str(plane.ca_file))
    return http.client.HTTPSConnection(str(url.hostname), url.port, context=context, timeout=timeout)


def hang_up(connection: socket.socket | None) -> None:
    """End a stream that another thread reads; it reads the end of the stream.

    Below the TLS layer on purpose: `SSLSocket.shutdown` forgets the layer first, and a reader that comes in
    between takes encrypted bytes for text.
    """
    if connection is not None:
        with suppress(OSError):  # the server may be gone
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def whole_lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a watch without the one in which the stream was cut."""
    return (line for line in stream if line.endswith(b"\n"))
