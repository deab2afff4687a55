"""A proxy before a real S3 server that misbehaves on order: errors, resets, lost replies, torn bodies."""

import http.client
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal
from urllib.parse import urlsplit

from support.local_http import serving

Kind = Literal["SlowDown", "ExpiredToken", "ErrorIn200", "reset", "reply lost", "torn body", "flipped byte"]

_ERRORS = {"SlowDown": 503, "ExpiredToken": 400, "ErrorIn200": 200}
_KEPT = {"content-type", "etag", "last-modified", "content-range", "accept-ranges"}


@dataclass
class Fault:
    """What goes wrong, for which requests and how often."""

    kind: Kind
    method: str
    path_has: str = ""
    times: int = 1
    seen: int = 0

    def strikes(self, method: str, path: str) -> bool:
        if method != self.method or self.path_has not in path or self.seen >= self.times:
            return False
        self.seen += 1
        return True


class FaultProxy:
    """Forwards to `target` under the original Host header, so signatures stay valid."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.faults: list[Fault] = []
        self.endpoint = ""

    def add(self, fault: Fault) -> Fault:
        self.faults.append(fault)
        return fault

    def fault_for(self, method: str, path: str) -> Fault | None:
        return next((f for f in self.faults if f.strikes(method, path)), None)


@contextmanager
def faulty(target: str) -> Iterator[FaultProxy]:
    """Run a proxy on a loopback port until the block ends."""
    proxy = FaultProxy(target)
    with serving(partial(_Handler, proxy)) as port:
        proxy.endpoint = f"http://127.0.0.1:{port}"
        yield proxy


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def __init__(self, proxy: FaultProxy, *args: Any) -> None:
        self.proxy = proxy
        super().__init__(*args)

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.fault_for(self.command, self.path)
        kind = fault.kind if fault else None
        if kind == "reset":
            self._reset()
        elif kind in _ERRORS:
            self._error(kind)
        else:
            status, headers, data = self._forward(body)
            if kind == "reply lost":
                self._reset()
            else:
                self._answer(status, headers, data, kind)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.proxy.target, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in {"connection", "expect"}}
        upstream.request(self.command, self.path, body=body, headers=headers)
        response = upstream.getresponse()
        data = response.read()
        upstream.close()
        return response.status, response.getheaders(), data

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, kind: str | None) -> None:
        given = {name.lower(): value for name, value in headers}
        self.send_response(status)
        for name, value in given.items():
            if name in _KEPT or name.startswith("x-amz"):
                self.send_header(name, value)
        # A HEAD has a length and no body.
        self.send_header("Content-Length", given.get("content-length", str(len(data))))
        self.end_headers()
        if kind == "flipped byte":
            data = bytes([data[0] ^ 1]) + data[1:]
        self.wfile.write(data[: len(data) // 2] if kind == "torn body" else data)
        if kind == "torn body":
            self._reset()

    def _error(self, code: str) -> None:
        data = f"<Error><Code>{code}</Code><Message>on order</Message></Error>".encode()
        self._answer(_ERRORS[code], [("content-type", "application/xml")], data, None)

    def _reset(self) -> None:
        self.wfile.flush()
        # A linger of zero makes the close a reset instead of a polite end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""
