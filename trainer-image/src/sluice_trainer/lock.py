"""The lock per fingerprint: it saves work and guards nothing, since results are put create-only anyway.

The holder creates `lock/<epoch>` and rewrites a counter in it. Nobody compares wall clocks: a lock whose ETag
stood still for a minute of the observer's own clock is over, and the next holder creates the next epoch.
"""

import json
import logging
import threading
import uuid

from sluice_api import reasons
from sluice_api.errors import DependencyUnavailable, StageError, StoppedOnRequest
from sluice_api.layout import lock_key
from sluice_store.base import ObjectStore
from sluice_trainer.context import Clock

EXPIRY_S = 60.0
BEAT_S = 15.0
POLL_S = 2.0

_log = logging.getLogger(__name__)


class FingerprintLock:
    """Held by one train Pod at a time. A retry waits at most `EXPIRY_S` for a predecessor that was killed."""

    def __init__(
        self,
        store: ObjectStore,
        fingerprint: str,
        clock: Clock,
        stop: threading.Event | None = None,
        beat_s: float = BEAT_S,
    ) -> None:
        self.lost = threading.Event()
        """Set when another holder took over, because our heartbeats did not get through for too long."""
        self._store = store
        self._fingerprint = fingerprint
        self._clock = clock
        self._stop = stop or threading.Event()
        self._beat_s = beat_s
        self._holder = uuid.uuid4().hex
        self._epoch = 0
        self._counter = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self) -> None:
        """Take the lock and keep it alive. Raises DependencyUnavailable(LOCK_HELD) when another run lives."""
        last = self._last_epoch()
        if last and not self._is_over(last):
            raise self._held(last)
        if not self._store.create(self._key(last + 1), self._body("held")):
            raise self._held(last + 1)
        self._epoch = last + 1
        self._forget_before(self._epoch)
        self._thread = threading.Thread(target=self._beat, name="lock-heartbeat", daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """One heartbeat: rewrite the counter, unless a successor is there."""
        if self._store.etag(self._key(self._epoch + 1)) is not None:
            self.lost.set()
            self._ended.set()
            return
        self._counter += 1
        self._store.write(self._key(self._epoch), self._body("held"))

    def release(self) -> None:
        """Give the lock back, so that the next holder need not wait. Never raises."""
        self._ended.set()
        if self._thread is None:
            return
        self._thread.join(timeout=5)
        self._thread = None
        if self.lost.is_set():
            return
        try:
            self._store.write(self._key(self._epoch), self._body("released"))
        except StageError as error:
            _log.warning("the lock was not given back and will expire: %s", error)

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_s):
            try:
                self.beat()
            except StageError as error:
                _log.warning("a heartbeat of the lock did not get through: %s", error)

    def _is_over(self, epoch: int) -> bool:
        """Whether the holder gave the lock back or stood still for `EXPIRY_S`; watches until it knows."""
        seen = self._store.etag(self._key(epoch))
        since = self._clock.monotonic()
        if self._is_released(epoch):
            return True
        while self._clock.monotonic() - since < EXPIRY_S:
            if self._stop.is_set():
                raise StoppedOnRequest(reasons.STOPPED_ON_REQUEST, "asked to end while waiting for the lock")
            self._clock.sleep(POLL_S)
            if self._store.etag(self._key(epoch)) != seen:
                return self._is_released(epoch)
        return True

    def _is_released(self, epoch: int) -> bool:
        try:
            return bool(json.loads(self._store.read(self._key(epoch)))["state"] == "released")
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return False

    def _last_epoch(self) -> int:
        below = f"{self._key(0).rpartition('/')[0]}"
        names = (key.rpartition("/")[2] for key in self._store.list(below))
        return max((int(name) for name in names if name.isdigit()), default=0)

    def _forget_before(self, epoch: int) -> None:
        for key in list(self._store.list(self._key(0).rpartition("/")[0])):
            if key < self._key(epoch):
                self._store.delete(key)

    def _key(self, epoch: int) -> str:
        return lock_key(self._fingerprint, epoch)

    def _body(self, state: str) -> bytes:
        return json.dumps({"holder": self._holder, "counter": self._counter, "state": state}).encode()

    def _held(self, epoch: int) -> DependencyUnavailable:
        return DependencyUnavailable(
            reasons.LOCK_HELD,
            f"another run with fingerprint {self._fingerprint[:12]} is training (lock epoch {epoch})",
        )
