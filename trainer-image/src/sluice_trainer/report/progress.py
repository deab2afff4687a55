"""Progress: to a file, and to the operator's endpoint in the words of Kubeflow Trainer's progress contract.

Telling is never worth a second of training: the endpoint is asked from a thread of its own, and whatever goes
wrong there is logged and forgotten.
"""

import json
import logging
import ssl
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol

from sluice_trainer.context import Clock, ProgressSink

INTERVAL_S = 5.0
_TIMEOUT_S = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Update:
    """How far the work is."""

    step: int
    total_steps: int
    at: datetime
    eta_seconds: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def percent(self) -> int:
        """From 0 to 100; 100 only when every step is done."""
        return min(100, self.step * 100 // self.total_steps) if self.total_steps > 0 else 0


def status_body(update: Update) -> dict[str, Any]:
    """What is posted: field names and value types as Kubeflow's stock callback sends them."""
    metrics = {**update.metrics, "current_step": update.step, "total_steps": update.total_steps}
    status: dict[str, Any] = {
        "lastUpdatedTime": update.at.isoformat(),
        "progressPercentage": update.percent,
        "metrics": [{"name": name, "value": str(value)} for name, value in metrics.items()],
    }
    if update.eta_seconds is not None:
        status["estimatedRemainingSeconds"] = update.eta_seconds
    return {"trainerStatus": status}


class Sender(Protocol):
    """Takes updates one by one, and is told when there are no more."""

    def send(self, update: Update) -> None:
        """Tell. Never raises."""
        ...

    def close(self) -> None:
        """Tell what was held back. Never raises."""
        ...


class FileSender:
    """Writes `progress.json`; a reader sees the old text or the new one, never half of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, update: Update) -> None:
        """Replace the file."""
        status = {
            "step": update.step,
            "totalSteps": update.total_steps,
            "percent": update.percent,
            "etaSeconds": update.eta_seconds,
            "metrics": dict(update.metrics),
            "updatedAt": update.at.isoformat(),
        }
        temporary = self._path.with_name(f".{self._path.name}.new")
        try:
            temporary.write_text(json.dumps(status))
            temporary.replace(self._path)
        except OSError as error:
            _log.warning("progress was not written: %s", error)

    def close(self) -> None:
        """Nothing is held back."""


class HttpSender:
    """Posts the newest update, at most one per `interval_s`; older ones that wait are dropped."""

    def __init__(self, url: str, ca_pem: str, token_file: Path, interval_s: float = INTERVAL_S) -> None:
        self._url = url
        self._ca_pem = ca_pem
        self._token_file = token_file
        self._interval_s = interval_s
        self._newest: Update | None = None
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="progress", daemon=True)
        self._thread.start()

    def send(self, update: Update) -> None:
        """Hand over to the thread."""
        with self._changed:
            self._newest = update
            self._changed.notify()

    def close(self) -> None:
        """Let the thread post the last update, for as long as one post may take."""
        self._closed.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(timeout=2 * _TIMEOUT_S)

    def _work(self) -> None:
        while (update := self._take()) is not None:
            self._post(update)
            self._closed.wait(self._interval_s)

    def _take(self) -> Update | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._closed.is_set())
            update, self._newest = self._newest, None
            return update

    def _post(self, update: Update) -> None:
        try:
            # The token is read anew each time: the kubelet rotates it.
            request = urllib.request.Request(  # noqa: S310 - the operator's own https address
                self._url,
                data=json.dumps(status_body(update)).encode(),
                headers={
                    "Authorization": f"Bearer {self._token_file.read_text().strip()}",
                    "Content-Type": "application/json",
                },
                method="POST",
            )
            trust = ssl.create_default_context(cadata=self._ca_pem)
            urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=trust).close()  # noqa: S310
        except (OSError, ValueError, HTTPException) as error:
            _log.warning("progress did not reach the operator: %s", error)


class Progress(ProgressSink):
    """The sink of a stage: works out the time that is left and tells every sender."""

    def __init__(self, senders: Sequence[Sender], clock: Clock) -> None:
        self._senders = tuple(senders)
        self._clock = clock
        self._start: tuple[int, float] | None = None

    def report(self, step: int, total_steps: int, metrics: Mapping[str, float]) -> None:
        """Tell how far the work is. Never raises."""
        eta = self._eta_seconds(step, total_steps)
        update = Update(step, total_steps, self._clock.now(), eta, dict(metrics))
        for sender in self._senders:
            sender.send(update)

    def close(self) -> None:
        """Tell what was held back."""
        for sender in self._senders:
            sender.close()

    def _eta_seconds(self, step: int, total_steps: int) -> int | None:
        """By the pace since the first report, which may be that of a resumed step."""
        now = self._clock.monotonic()
        if self._start is None:
            self._start = (step, now)
        first, since = self._start
        if step <= first:
            return None
        return max(0, int((now - since) / (step - first) * (total_steps - step)))
