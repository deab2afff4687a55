"""Leader election by one Lease: who holds it works, everybody else keeps a warm cache.

Time is measured by this process's monotonic clock alone: how long the Lease stood still, never what another
machine's clock wrote into it. Only the thread of the Lease calls the methods that wait; any thread may ask
whether it is ours.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sluice_operator import metrics, raw
from sluice_operator.adapters.cluster.errors import ApiError, NotFound

RELEASE_RETRY_SECONDS = 0.2


class LeaseLost(Exception):
    """Somebody else may be leading: stop writing at once."""


class LeaseDoor(Protocol):
    """What is needed of the API."""

    async def read(self) -> dict[str, Any]:
        """The Lease. Raises NotFound."""

    async def create(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Make it."""

    async def replace(self, spec: Mapping[str, Any], version: str) -> dict[str, Any]:
        """Write it as it was at `version`."""


@dataclass(frozen=True)
class Rhythm:
    """Seconds: how long a Lease holds, how long renewing may fail, how often it is tried."""

    duration: float = 15.0
    deadline: float = 10.0
    retry: float = 2.0


@dataclass(frozen=True)
class _Seen:
    """A state of the Lease, and when it was first seen on our clock."""

    version: str
    holder: str
    at: float
    seconds: float = 0.0
    """How long its holder says that it holds."""


class Elector:
    """Takes the Lease, keeps it, and gives it back."""

    def __init__(
        self,
        leases: LeaseDoor,
        identity: str,
        rhythm: Rhythm,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._identity = identity
        self._rhythm = rhythm
        self._clock = clock
        self._seen = _Seen("", "", clock())
        self._renewed_at: float | None = None
        self._transitions = 0
        self._is_unsure = True
        """Whether the Lease may be other than it was seen: it is read before it is written."""

    @property
    def is_leader(self) -> bool:
        """Whether the Lease is surely still ours."""
        return self._renewed_at is not None and self._clock() < self._renewed_at + self._rhythm.duration

    def check(self) -> None:
        """Raise LeaseLost unless the Lease is surely still ours; called before every write."""
        if not self.is_leader:
            raise LeaseLost("the Lease was not renewed in time")

    async def acquire(self) -> None:
        """Return once the Lease is ours."""
        while not await self._try():
            await asyncio.sleep(self._rhythm.retry)
        metrics.LEADER.set(1)

    async def keep(self) -> None:
        """Renew until that fails for too long; then raise LeaseLost."""
        try:
            while True:
                await asyncio.sleep(self._rhythm.retry)
                self.check()
                await self._renew()
        finally:
            metrics.LEADER.set(0)

    async def release(self) -> None:
        """Give the Lease back, so that the next process need not wait; the caller bounds how long."""
        if self._renewed_at is None:
            return
        self._renewed_at = None
        metrics.LEADER.set(0)
        while not await self._try_release():
            await asyncio.sleep(RELEASE_RETRY_SECONDS)

    async def _try_release(self) -> bool:
        # A renewal that was cancelled on its way may be written yet, or while this looks.
        try:
            if self._is_unsure:
                await self._look()
            if self._seen.holder == self._identity:
                await self._leases.replace(self._spec(holder="", seconds=1), self._seen.version)
        except ApiError:
            self._is_unsure = True
            return False
        return True

    async def _renew(self) -> None:
        # `deadline` is below `duration`: workers stop before another process may start.
        ends = (self._renewed_at or 0.0) + self._rhythm.deadline
        while not await self._try_until(ends):
            if self._seen.holder != self._identity or self._clock() + self._rhythm.retry >= ends:
                self._renewed_at = None
                raise LeaseLost(f"the Lease could not be renewed for {self._rhythm.deadline:g} s")
            await asyncio.sleep(self._rhythm.retry)

    async def _try_until(self, ends: float) -> bool:
        try:
            return await asyncio.wait_for(self._try(), max(0.1, ends - self._clock()))
        except TimeoutError:
            return False

    async def _try(self) -> bool:
        asked_at = self._clock()
        try:
            if self._is_unsure or not self.is_leader:
                await self._look()
            if self._is_taken():
                return False
            self._is_unsure = True
            self._see(await self._write())
        except ApiError:
            return False
        self._is_unsure = False
        self._renewed_at = asked_at
        return True

    async def _look(self) -> None:
        try:
            self._see(await self._leases.read())
        except NotFound:
            self._seen = _Seen("", "", self._clock())

    async def _write(self) -> dict[str, Any]:
        spec = self._spec(self._identity, math.ceil(self._rhythm.duration))
        if not self._seen.version:
            return await self._leases.create(spec)
        return await self._leases.replace(spec, self._seen.version)

    def _see(self, lease: Mapping[str, Any]) -> None:
        version = raw.text(lease, "metadata", "resourceVersion")
        if version != self._seen.version:
            holder = raw.text(lease, "spec", "holderIdentity")
            told = raw.integer(lease, "spec", "leaseDurationSeconds")
            seconds = told if told > 0 else self._rhythm.duration
            self._seen = _Seen(version, holder, self._clock(), seconds)
        self._transitions = raw.integer(lease, "spec", "leaseTransitions")

    def _is_taken(self) -> bool:
        # The holder stops by its own duration, which an upgrade may have changed: ours says nothing about it.
        is_foreign = self._seen.holder not in ("", self._identity)
        return is_foreign and self._clock() < self._seen.at + self._seen.seconds

    def _spec(self, holder: str, seconds: int) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        is_new = self._seen.holder != self._identity
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": seconds,
            "renewTime": now,
            "leaseTransitions": self._transitions + (1 if is_new else 0),
        }
