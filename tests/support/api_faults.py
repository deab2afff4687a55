"""A proxy before a real API server that fails at random, by seed: errors, lost replies, delays, cut watches.

Plain HTTP towards the operator, TLS towards the API server. After a number of faults it behaves.
"""

import http.client
import json
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from sluice_localcluster.access import render_kubeconfig
from support.kubeapi import Entrance
from support.local_http import serving

Kind = Literal["none", "409", "429", "500", "reply lost", "delay"]
ODDS: dict[Kind, float] = {"none": 72, "409": 5, "429": 5, "500": 6, "reply lost": 5, "delay": 7}
MOST_FAULTS = 120
LONGEST_DELAY_SECONDS = 1.0
LONGEST_WATCH_SECONDS = 12.0
_KEPT = ("content-type", "retry-after")
_WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass
class Trouble:
    """What goes wrong next."""

    entrance: Entrance
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    _chance: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def draw(self, method: str) -> Kind:
        """The fault of a request. Only writes conflict."""
        with self._lock:
            (kind,) = self._chance.choices(list(ODDS), list(ODDS.values()))
            if self.counts.total() >= MOST_FAULTS or (kind == "409" and method not in _WRITES):
                return "none"
            if kind != "none":
                self.counts[kind] += 1
            return kind

    def seconds(self, longest: float) -> float:
        """A random time."""
        with self._lock:
            return self._chance.uniform(0.05, longest)

    def cuts(self) -> bool:
        """Whether a watch that is old enough is cut."""
        with self._lock:
            if self.counts.total() >= MOST_FAULTS:
                return False
            self.counts["watch cut"] += 1
            return True


@contextmanager
def troubled(entrance: Entrance, seed: int, kubeconfig: Path) -> Iterator[Trouble]:
    """Run a proxy until the block ends, and write a kubeconfig that leads to it."""
    trouble = Trouble(entrance, seed)
    with serving(partial(_Handler, trouble)) as port:
        url, authority = f"http://127.0.0.1:{port}", entrance.ca_file.read_bytes()
        kubeconfig.write_text(render_kubeconfig(url, authority, "troubled", entrance.token))
        yield trouble


class _Handler(BaseHTTPRequestHandler):
    """One connection of the operator, with one to the API server."""

    protocol_version = "HTTP/1.1"

    def __init__(self, trouble: Trouble, *args: Any) -> None:
        self.trouble = trouble
        self.upstream: http.client.HTTPSConnection | None = None
        super().__init__(*args)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            # The operator was killed, or hung up: there is nobody to tell.
            self.close_connection = True
        finally:
            if self.upstream is not None:
                self.upstream.close()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.trouble.draw(self.command)
        if kind == "delay":
            time.sleep(self.trouble.seconds(LONGEST_DELAY_SECONDS))
        if kind in ("409", "429", "500"):
            self._refuse(int(kind))
            return
        response = self._forward(body)
        if kind == "reply lost":
            self.close_connection = True
        elif "watch=" in self.path:
            self._stream(response)
        else:
            self._answer(response.status, dict(response.getheaders()), response.read())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class's names

    def _forward(self, body: bytes) -> http.client.HTTPResponse:
        if self.upstream is None:
            url = urlsplit(self.trouble.entrance.url)
            context = ssl.create_default_context(cafile=str(self.trouble.entrance.ca_file))
            self.upstream = http.client.HTTPSConnection(
                str(url.hostname), url.port, context=context, timeout=60
            )
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "accept-encoding")}
        self.upstream.request(self.command, self.path, body=body, headers=headers)
        return self.upstream.getresponse()

    def _stream(self, response: http.client.HTTPResponse) -> None:
        """Pass a watch on, in chunks as they come, for a while."""
        ends = time.monotonic() + self.trouble.seconds(LONGEST_WATCH_SECONDS)
        self.send_response(response.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := response.read1(65_536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if time.monotonic() > ends and self.trouble.cuts():
                break
        self.close_connection = True

    def _refuse(self, code: int) -> None:
        reasons = {409: "Conflict", 429: "TooManyRequests", 500: "InternalError"}
        status = {"kind": "Status", "code": code, "reason": reasons[code], "message": "on order"}
        headers = {"content-type": "application/json", **({"retry-after": "1"} if code == 429 else {})}
        self._answer(code, headers, json.dumps(status).encode())

    def _answer(self, code: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(code)
        for name, value in headers.items():
            if name.lower() in _KEPT:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""
