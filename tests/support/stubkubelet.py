"""A node that only tells logs: a Node object, and an HTTPS server that answers as its kubelet would."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from sluice_localcluster.pki import Authority, CertificateRequest
from support.kubeapi import KubeApi
from support.local_http import serving
from support.teamspace import Teamspace

LOOPBACK = "127.0.0.1"


@dataclass
class StubKubelet:
    """Use it as a context manager."""

    api: KubeApi
    folder: Path
    name: str = "stub"
    logs: dict[str, list[str]] = field(default_factory=dict)
    """Lines by Pod."""
    ended: threading.Event = field(default_factory=threading.Event)
    """A followed log goes on until this is set."""
    _server: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        certificate, key = Authority(self.folder).issue(
            "kubelet", CertificateRequest(self.name, addresses=(LOOPBACK,))
        )
        self._add_node(self._server.enter_context(serving(self._handler(), certificate, key)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self.api.call("DELETE", f"/api/v1/nodes/{self.name}")
        self._server.close()

    def take(self, space: Teamspace, pod: str, lines: list[str]) -> None:
        """Take a Pod with its log, as the scheduler gives it: before it runs."""
        self.logs[pod] = lines
        body = {"metadata": {"name": pod}, "target": {"apiVersion": "v1", "kind": "Node", "name": self.name}}
        answer = self.api.call("POST", f"/api/v1/namespaces/{space.name}/pods/{pod}/binding", body)
        assert answer.code in (201, 409), answer

    def _add_node(self, port: int) -> None:
        answer = self.api.call("POST", "/api/v1/nodes", {"metadata": {"name": self.name}})
        assert answer.code == 201, answer
        status: Mapping[str, object] = {
            "addresses": [{"type": "InternalIP", "address": LOOPBACK}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        path = f"/api/v1/nodes/{self.name}/status"
        answer = self.api.call("PATCH", path, {"status": status}, "application/merge-patch+json")
        assert answer.code == 200, answer

    def _told(self, path: str) -> Iterator[str]:
        """Lines of `/containerLogs/<namespace>/<pod>/<container>`."""
        found = urlsplit(path)
        yield from self.logs.get(found.path.split("/")[3], [])
        if "follow" in parse_qs(found.query):
            self.ended.wait(60)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        told = self._told

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for line in told(self.path):
                    data = f"{line}\n".encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler
