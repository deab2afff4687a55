"""A server that stands before an engine and answers questions with nonsense; all else is the engine's own.

A script of its own, because it runs inside a Pod's network and imports nothing of ours.
"""

import json
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NONSENSE = "purple elephants"


def handler(engine_port: int) -> type[BaseHTTPRequestHandler]:
    """Answers questions with nonsense and asks the engine about all else."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with urllib.request.urlopen(f"http://127.0.0.1:{engine_port}{self.path}", timeout=10) as answer:
                self._send(answer.status, answer.read())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            message = {"role": "assistant", "content": NONSENSE}
            self._send(200, json.dumps({"choices": [{"index": 0, "message": message}]}).encode())

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Stay silent."""

    return Handler


if __name__ == "__main__":
    # All addresses of a Pod's own network.
    ThreadingHTTPServer(("0.0.0.0", int(sys.argv[2])), handler(int(sys.argv[1]))).serve_forever()
