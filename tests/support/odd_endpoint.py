"""An OpenAI-shaped server that answers each odd prompt in its own wrong way, byte by byte."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from typing import Final

from support.local_http import serving

Bytes = bytes | tuple[bytes, ...]
"""What is sent; parts are sent a tenth of a second apart."""


def completion(content: object, **fields: object) -> bytes:
    """A body with one choice."""
    return json.dumps({"choices": [{"index": 0, "message": {"content": content}}], **fields}).encode()


def http(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """A whole answer, or one that promises another length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def chunked(*chunks: bytes, ending: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + ending


GOOD: Final = completion("red")
ODD: Final[dict[str, tuple[Bytes, str]]] = {
    "bad gzip": (http(b"not gzip", "Content-Encoding: gzip"), "bad_answer"),
    "gzip cut short": (http(gzip.compress(GOOD)[:-12], "Content-Encoding: gzip"), "bad_answer"),
    "a gzip bomb": (http(gzip.compress(b" " * 2**25), "Content-Encoding: gzip"), "bad_answer"),
    "not JSON": (http(b"red"), "bad_answer"),
    "cut JSON": (http(GOOD[:-4]), "bad_answer"),
    "no body": (http(b""), "bad_answer"),
    "HTML": (http(b"<html>Sign in</html>", "Content-Type: text/html"), "bad_answer"),
    "an unknown charset": (http(b"\xff\xfe{", "Content-Type: text/plain; charset=klingon"), "bad_answer"),
    "not UTF-8": (http(b'{"choices": "\xff\xff"}'), "bad_answer"),
    "deep nesting": (http(b"[" * 200_000), "bad_answer"),
    "a huge number": (http(b'{"choices": ' + b"9" * 5000 + b"}"), "bad_answer"),
    "NaN for a text": (http(GOOD.replace(b'"red"', b"NaN")), "bad_answer"),
    "a number for a text": (http(completion(7)), "bad_answer"),
    "parts for a text": (http(completion([{"type": "text", "text": "red"}])), "bad_answer"),
    "no choice": (http(b'{"choices": []}'), "bad_answer"),
    "a list": (http(b"[]"), "bad_answer"),
    "more bytes than any reply": (http(b" " * 9 * 2**20 + GOOD), "bad_answer"),
    "a redirect to itself": (http(b"", "Location: completions", status="302 Found"), "bad_status"),
    "no content": (b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", "bad_status"),
    "an error that is no text": (http(b"\xff\x00", status="500 Oops"), "bad_status"),
    "too few chunks": (chunked(GOOD[:9], ending=b""), "unreachable"),
    "a chunk without a size": (chunked(GOOD, ending=b"zz\r\n"), "unreachable"),
    "fewer bytes than promised": (http(GOOD, length=10_000), "unreachable"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", "unreachable"),
    "a header that never ends": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "unreachable"),
    "a closed connection": (b"", "unreachable"),
    "one byte at a time": ((http(GOOD, length=10_000), *[b" "] * 400), "too_slow"),
    "half of a surrogate pair": (http(completion("red \ud83d")), ""),
    "odd usage": (http(completion("red", usage=[1])), ""),
    "usage beyond measure": (http(completion("red", usage={"prompt_tokens": 10**30})), ""),
    "no text at all": (http(completion(None)), ""),
    "a byte order mark": (http(b"\xef\xbb\xbf" + GOOD), ""),
}
"""How it answers a prompt that ends with the name, and how that fails; empty: it is an answer."""


@contextmanager
def serve_odd(model: str) -> Iterator[str]:
    """Serve until the block ends; the url ends with /v1."""
    with serving(_handler(model)) as port:
        yield f"http://127.0.0.1:{port}/v1"


def _handler(model: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(http(json.dumps({"data": [{"id": model}]}).encode()))

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = asked["messages"][-1]["content"]
            found = [answer for name, (answer, _) in ODD.items() if prompt.endswith(name)]
            self._send(found[0] if found else http(GOOD))

        def _send(self, answer: Bytes) -> None:
            self.close_connection = True
            parts = answer if isinstance(answer, tuple) else (answer,)
            with suppress(BrokenPipeError, ConnectionResetError):
                for part in parts:
                    self.wfile.write(part)
                    self.wfile.flush()
                    time.sleep(0.1 * (len(parts) > 1))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay silent."""

    return Handler
