"""From cache, clock and progress to what a planner may know, with the live reads that it relies on."""

from collections.abc import Callable
from datetime import datetime

from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.cache import Cache
from sluice_operator.intake import Intake
from sluice_operator.look_ups import LookUps
from sluice_operator.model import JobView, Key, Observed, ProgressNote, Related
from sluice_operator.settings import Settings

JOB_UID_LABEL = "batch.kubernetes.io/controller-uid"


class Observer:
    """Builds Observed."""

    def __init__(
        self,
        cache: Cache,
        cluster: Cluster,
        intake: Intake,
        settings: Settings,
        now: Callable[[], datetime],
        progress: Callable[[str], ProgressNote | None],
    ) -> None:
        self._cache = cache
        self._cluster = cluster
        self._intake = intake
        self._settings = settings
        self._now = now
        self._progress = progress
        self._look_ups = LookUps(cluster, now)
        self.progress_ca_pem = ""
        """Set once the progress endpoint has its certificate."""

    async def observe(self, key: Key) -> Observed | None:
        """Everything about one object; None when it is gone."""
        related = self._cache.related(key)
        if related is None:
            return None
        for job in unrecorded(related):
            await self._read_pods(job)
        world = self._cache.world(key)
        if key not in world:
            return None
        me = world[key]
        notes = (self._progress(pod.meta.uid) for pod in me.pods)
        return Observed(
            me=me,
            world=world,
            finished=self._cache.finished(world),
            users=self._cache.users(key),
            refusals=await self._look_ups.refusals(me),
            missing_sources=await self._look_ups.missing_sources(me),
            settings=self._settings,
            now=self._now(),
            progress=tuple(note for note in notes if note is not None),
            progress_ca_pem=self.progress_ca_pem,
        )

    async def _read_pods(self, job: JobView) -> None:
        """Read a Job's Pods live: the news that it ended may have come before the news of its Pods."""
        selector = f"{JOB_UID_LABEL}={job.meta.uid}"
        async for page in self._cluster.list_pages("Pod", job.meta.namespace, selector):
            for item in page.items:
                self._intake.take("Pod", item)


def unrecorded(related: Related) -> tuple[JobView, ...]:
    """Jobs that ended and of which no record tells: a record has its Job's name."""
    recorded = {record.meta.name for record in related.records}
    return tuple(j for j in related.jobs if j.outcome != "Active" and j.meta.name not in recorded)
