"""The whole truth by list: at the start, every ten minutes, and soon after a watch broke."""

import asyncio
import logging
import random
from collections.abc import Sequence

from sluice_operator import metrics
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.errors import ApiError
from sluice_operator.cache import Cache, Snapshot
from sluice_operator.intake import Intake
from sluice_operator.kinds import WATCHED, Kind
from sluice_operator.views import View, view_of

LOG = logging.getLogger(__name__)
JITTER = 0.1
SOON_SECONDS = 2.0
"""Between a broken watch and the list: several watches break together."""
FIRST_SECONDS = 20.0
"""The list at the start comes before the watches stand; the second one closes that gap."""
SLICE = 50
"""Runs that are read without a pause after a list."""
AGAIN_SECONDS = 5.0
"""After a list that failed: the gap that it should have closed stays open meanwhile."""


class Resync:
    """Fills and repairs the cache."""

    def __init__(
        self, cluster: Cluster, cache: Cache, intake: Intake, namespaces: Sequence[str], seconds: float
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._intake = intake
        self._namespaces: Sequence[str | None] = tuple(namespaces) or (None,)
        self._seconds = seconds
        self._asked = asyncio.Event()

    def soon(self) -> None:
        """Ask for a list out of turn."""
        self._asked.set()

    async def fill(self) -> None:
        """List everything once. Raises ApiError."""
        for kind in WATCHED:
            for namespace in self._namespaces:
                self._intake.take_list(await self._list(kind, namespace))
        while self._cache.settle(SLICE):
            await asyncio.sleep(0)
        metrics.RESYNCS.labels("done").inc()
        metrics.RESYNC_LAST.set_to_current_time()

    async def run(self) -> None:
        """List again and again; a list that fails is tried again soon."""
        pause = FIRST_SECONDS
        while True:
            # Replicas that started together must not list together for ever.
            await self._wait(pause * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
            try:
                await self.fill()
            except ApiError as error:
                metrics.RESYNCS.labels("failed").inc()
                LOG.warning("resync failed", extra={"error": error.message})
                pause = AGAIN_SECONDS
            else:
                self._intake.wake_all()
                pause = self._seconds

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._asked.wait(), seconds)
        except TimeoutError:
            return
        await asyncio.sleep(SOON_SECONDS)
        self._asked.clear()

    async def _list(self, kind: Kind, namespace: str | None) -> Snapshot:
        began = self._cache.begin_list()
        views: list[View] = []
        version = "0"
        async for page in self._cluster.list_pages(kind, namespace):
            version = page.resource_version
            views += [view_of(kind, item) for item in page.items]
        number = int(version) if version.isdecimal() else 0
        return Snapshot(kind, namespace, number, began, tuple(views))
