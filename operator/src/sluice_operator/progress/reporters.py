"""Who may report: a Pod that we made, shown by a token bound to it. Answers are remembered for a minute.

A token that claims no Pod of ours is refused before anybody is asked about it, and few are asked about at a
time: whoever sends thousands of bad tokens takes nothing from the rest of the operator.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sluice_api.contracts.envelope import PROGRESS_AUDIENCE
from sluice_operator.adapters.cluster.identity import PodIdentity, claimed_pod
from sluice_operator.cache import Cache
from sluice_operator.model import Key, PodView
from sluice_operator.views import owner_key

REMEMBER_SECONDS = 60.0
REMEMBER_MAX = 4096
REVIEWS_MAX = 4
"""Reviews at the same time."""
WAITING_MAX = 64
"""Tokens that may wait for their review."""
Review = Callable[[str, str], Awaitable[PodIdentity | None]]


@dataclass(frozen=True)
class Reporter:
    """A Pod of ours."""

    pod: PodIdentity
    job: str
    key: Key


class Busy(Exception):
    """Too many tokens wait for their review."""


class Reporters:
    """Tells Pods of ours from everybody else."""

    def __init__(self, cache: Cache, review: Review, clock: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._review = review
        self._clock = clock
        self._turns = asyncio.Semaphore(REVIEWS_MAX)
        self._waiting = 0
        self._reviewed: OrderedDict[bytes, tuple[float, PodIdentity | None]] = OrderedDict()

    async def identify(self, token: str) -> Reporter | None:
        """The Pod of ours that holds the token, or None. Raises ApiError or Busy when nobody can tell."""
        claimed = claimed_pod(token, PROGRESS_AUDIENCE)
        if claimed is None or self._reporter(claimed) is None or await self._pod_of(token) != claimed:
            return None
        return self._reporter(claimed)

    def _reporter(self, pod: PodIdentity) -> Reporter | None:
        view = self._cache.get("Pod", pod.namespace, pod.name)
        if not isinstance(view, PodView) or view.meta.uid != pod.uid or view.job is None:
            return None
        if view.phase in ("Succeeded", "Failed"):
            return None  # its token outlives it, and whoever may ask for tokens gets more of them
        key = owner_key(view.meta)
        related = self._cache.related(key) if key else None
        if key is None or related is None or view not in related.pods:
            return None
        return Reporter(pod, view.job, key)

    async def _pod_of(self, token: str) -> PodIdentity | None:
        # Only a hash is kept: whoever reads this memory learns no token.
        digest = hashlib.sha256(token.encode()).digest()
        if self._is_fresh(digest):
            return self._reviewed[digest][1]
        if self._waiting >= WAITING_MAX:
            raise Busy
        self._waiting += 1
        try:
            async with self._turns:
                # Another report with the same token may have been answered meanwhile.
                return self._reviewed[digest][1] if self._is_fresh(digest) else await self._ask(token, digest)
        finally:
            self._waiting -= 1

    def _is_fresh(self, digest: bytes) -> bool:
        known = self._reviewed.get(digest)
        return known is not None and self._clock() - known[0] < REMEMBER_SECONDS

    async def _ask(self, token: str, digest: bytes) -> PodIdentity | None:
        pod = await self._review(token, PROGRESS_AUDIENCE)
        self._reviewed[digest] = (self._clock(), pod)
        self._reviewed.move_to_end(digest)
        if len(self._reviewed) > REMEMBER_MAX:
            self._reviewed.popitem(last=False)
        return pod
