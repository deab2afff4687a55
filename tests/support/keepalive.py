"""A client on one connection that it keeps, as SDKs do: what it gets, from whom, and when."""

import threading
import time
from dataclasses import dataclass, field

import httpx


@dataclass
class KeepAlive:
    """Asks once per second which model serves, and then for one token."""

    url: str
    model: str
    answers: list[tuple[float, str]] = field(default_factory=list)
    """Unix time of each answer, and the digest that served it."""
    errors: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin asking in the background."""
        self._thread = threading.Thread(target=self._run, name="keep-alive", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop asking and wait for the last answer."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(60)

    def last_seen(self, digest: str) -> float:
        """When a model answered last; 0 when it never did."""
        return max((when for when, who in self.answers if who == digest), default=0.0)

    def _run(self) -> None:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
        with httpx.Client(limits=limits, timeout=30, trust_env=False) as client:
            while not self._stop.wait(1.0):
                try:
                    self.answers.append(self._ask(client))
                except (httpx.HTTPError, ValueError, KeyError, IndexError) as error:
                    self.errors.append(f"{time.strftime('%H:%M:%S')} {type(error).__name__}: {error}")

    def _ask(self, client: httpx.Client) -> tuple[float, str]:
        try:
            return self._once(client)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            # The server closed the kept connection while it was idle: HTTP clients then connect anew, once.
            return self._once(client)

    def _once(self, client: httpx.Client) -> tuple[float, str]:
        served = client.get(f"{self.url}/models").raise_for_status().json()["data"]
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": "ping"}],
            "max_tokens": 1,
            "temperature": 0,
        }
        answer = client.post(f"{self.url}/chat/completions", json=body).raise_for_status()
        answer.json()["choices"][0]["message"]["content"]
        return time.time(), next(m["id"] for m in served if m["id"].startswith("sha256:"))
