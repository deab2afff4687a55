"""A tiny OpenAI-shaped server on a loopback port, whose answers a test decides."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.local_http import serving


@dataclass
class OpenAIStub:
    """Names that are served, how a prompt is answered and with which status, and what was asked."""

    models: Sequence[str] = ("stub",)
    answer: Callable[[str], str] = lambda prompt: f"You said: {prompt}"
    status: Callable[[str], int] = lambda prompt: 200
    seconds: Callable[[str], float] = lambda prompt: 0.0
    """How long a prompt waits for its answer."""
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def serve(stub: OpenAIStub) -> Iterator[OpenAIStub]:
    """Serve until the block ends; `stub.url` ends with /v1."""
    with serving(_handler(stub)) as port:
        stub.url = f"http://127.0.0.1:{port}/v1"
        yield stub


def _handler(stub: OpenAIStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/v1/models":
                self._send(200, {"object": "list", "data": [{"id": name} for name in stub.models]})
            else:
                self._send(404, {"error": {"message": "no such path"}})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stub.asked.append(body)
            prompt = body["messages"][-1]["content"]
            time.sleep(stub.seconds(prompt))
            message = {"role": "assistant", "content": stub.answer(prompt)}
            # A client that did not wait is what some tests are about.
            with suppress(BrokenPipeError, ConnectionResetError):
                self._send(stub.status(prompt), {"choices": [{"index": 0, "message": message}]})

        def _send(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay silent."""

    return Handler
