"""What no watch tells: why a Job has no Pod, and whether a ConfigMap exists. Asked rarely, never relied on.

An Event may be lost and a right may be missing: then nothing is known, and the work goes on as without.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sluice_operator import raw
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.errors import ApiError, NotFound
from sluice_operator.facts.stages import successes
from sluice_operator.kinds import CONFIG_MAP
from sluice_operator.model import JobView, Related

PATIENCE = timedelta(seconds=15)
"""How long a Job may be without a Pod before anybody wonders."""
INTERVAL = timedelta(seconds=60)
"""Between two questions about one Job."""
KEPT = 1_000
_SCHEME = "configmap:"


class LookUps:
    """Asks the API server, and remembers for how long that will do."""

    def __init__(self, cluster: Cluster, now: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._now = now
        self._told: OrderedDict[str, tuple[datetime, str]] = OrderedDict()

    async def refusals(self, related: Related) -> Mapping[str, str]:
        """Why Jobs have no Pod, by the name of the Job."""
        with_pods = {p.job for p in related.pods}
        waiting = [j for j in related.jobs if j.meta.name not in with_pods and self._is_late(j)]
        told = {job.meta.name: await self._refusal(job) for job in waiting}
        return {name: message for name, message in told.items() if message}

    async def missing_sources(self, related: Related) -> frozenset[str]:
        """What the next attempt to pack would read of ConfigMaps, and that does not exist, as sentences."""
        is_busy = any(j.outcome == "Active" for j in related.jobs)
        if related.resource.kind != "DatasetPack" or is_busy or any(successes(related, "pack")):
            return frozenset()
        found = [await self._missing(related, name, keys) for name, keys in config_maps(related).items()]
        return frozenset(text for text in found if text)

    def _is_late(self, job: JobView) -> bool:
        since = max(job.started_at or job.meta.created_at, job.meta.created_at)
        return job.outcome == "Active" and not job.suspended and self._now() - since >= PATIENCE

    async def _refusal(self, job: JobView) -> str:
        asked, told = self._told.get(job.meta.uid, (None, ""))
        if asked is not None and self._now() - asked < INTERVAL:
            return told
        try:
            events = await self._cluster.warnings_about(job.meta.namespace, job.meta.uid)
        except ApiError:
            events = ()
        refused = [e for e in events if raw.text(e, "reason") == "FailedCreate"]
        told = raw.text(max(refused, key=_when), "note") if refused else ""
        self._told[job.meta.uid] = self._now(), told
        if len(self._told) > KEPT:
            self._told.popitem(last=False)
        return told

    async def _missing(self, related: Related, name: str, keys: set[str]) -> str:
        try:
            found = await self._cluster.get(CONFIG_MAP, related.resource.meta.namespace, name)
        except NotFound:
            return f"ConfigMap {name} does not exist"
        except ApiError:
            return ""
        known = {*raw.mapping(found, "data"), *raw.mapping(found, "binaryData")}
        lacking = sorted(keys - known)
        return f"ConfigMap {name} has no key {', '.join(lacking)}" if lacking else ""


def config_maps(related: Related) -> dict[str, set[str]]:
    """Keys that the sources of a pack name, by ConfigMap."""
    locators = [raw.text(s, "locator") for s in raw.items(related.resource.spec, "sources")]
    found: dict[str, set[str]] = {}
    for text in locators:
        name, _, key = text.removeprefix(_SCHEME).partition("/")
        if text.startswith(_SCHEME):
            found.setdefault(name, set()).add(key)
    return found


def _when(event: object) -> str:
    """Times of one form compare as texts."""
    series, last = raw.text(event, "series", "lastObservedTime"), raw.text(event, "deprecatedLastTimestamp")
    return max(series, last, raw.text(event, "eventTime"))
