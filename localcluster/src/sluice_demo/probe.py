"""A client that asks the public Service once per second, and counts what went wrong."""

import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field


@dataclass
class Probe:
    """Asks until it is stopped. An answer that is not 200 with text, or that takes too long, is an error."""

    url: str
    model: str
    every_seconds: float = 1.0
    timeout_seconds: float = 30.0
    asked: int = 0
    errors: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin asking in the background."""
        self._thread = threading.Thread(target=self._run, name="probe", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop asking and wait for the last answer."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self.timeout_seconds + 5)

    def _run(self) -> None:
        while not self._stop.is_set():
            begin = time.monotonic()
            try:
                ask(self.url, self.model, "ping", 1, self.timeout_seconds)
            except (OSError, ValueError, KeyError) as error:
                self.errors.append(f"{time.strftime('%H:%M:%S')} {type(error).__name__}: {error}")
            self.asked += 1
            took = time.monotonic() - begin
            self.slowest_seconds = max(self.slowest_seconds, took)
            self._stop.wait(max(0.0, self.every_seconds - took))


def ask(url: str, model: str, text: str, max_tokens: int, timeout: float) -> str:
    """One question to an OpenAI-shaped endpoint. Raises OSError, ValueError or KeyError."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max_tokens,
        "temperature": 0,
    }
    request = urllib.request.Request(  # noqa: S310 - the address of our own cluster
        f"{url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout) as answer:
        found = json.load(answer)
    return str(found["choices"][0]["message"]["content"])
