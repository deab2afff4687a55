"""Every metric of the operator in one place: prefix `sluice_`, base units, labels from closed lists.

Names of objects, digests and messages are never labels.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry(auto_describe=False)

_FAST = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0)
_WAIT = (0.001, 0.01, 0.1, 1.0, 5.0, 15.0, 60.0, 300.0)

RECONCILES = Counter(
    "sluice_reconcile_total",
    "Passes over an object, by how they ended.",
    ["kind", "result"],
    registry=REGISTRY,
)
RECONCILE_SECONDS = Histogram(
    "sluice_reconcile_seconds", "Time of one pass.", ["kind"], buckets=_FAST, registry=REGISTRY
)
PANICS = Counter(
    "sluice_reconcile_panics_total",
    "Passes that ended with an unexpected exception.",
    ["kind"],
    registry=REGISTRY,
)
WRITES = Counter(
    "sluice_writes_total", "Writes of plans, by kind and verb.", ["kind", "verb"], registry=REGISTRY
)
EVENTS = Counter(
    "sluice_events_total", "Kubernetes Events posted.", ["kind", "reason", "type"], registry=REGISTRY
)
EVENTS_DROPPED = Counter(
    "sluice_events_dropped_total", "Kubernetes Events that were not posted.", ["why"], registry=REGISTRY
)

QUEUE_DEPTH = Gauge("sluice_queue_depth", "Keys that wait for a worker.", registry=REGISTRY)
QUEUE_ADDS = Counter("sluice_queue_adds_total", "Keys that were put into the queue.", registry=REGISTRY)
QUEUE_WAIT_SECONDS = Histogram(
    "sluice_queue_wait_seconds", "Time between wake-up and work.", buckets=_WAIT, registry=REGISTRY
)
QUEUE_RETRIES = Counter("sluice_queue_retries_total", "Passes that will be tried again.", registry=REGISTRY)
QUEUE_FAILING = Gauge("sluice_queue_failing_keys", "Keys whose last pass failed.", registry=REGISTRY)
WORKERS_ACTIVE = Gauge("sluice_workers_active", "Workers that are at work.", registry=REGISTRY)

API_REQUESTS = Counter(
    "sluice_api_requests_total", "Requests to the API server.", ["method", "code"], registry=REGISTRY
)
API_SECONDS = Histogram(
    "sluice_api_request_seconds",
    "Time of requests to the API server.",
    ["method"],
    buckets=_FAST,
    registry=REGISTRY,
)
WATCH_EVENTS = Counter("sluice_watch_events_total", "Watch events received.", ["kind"], registry=REGISTRY)
WATCH_LAST_EVENT = Gauge(
    "sluice_watch_last_event_timestamp_seconds",
    "When the last watch event of a kind came.",
    ["kind"],
    registry=REGISTRY,
)
WATCHES = Gauge("sluice_watches_alive", "Watches that are alive.", registry=REGISTRY)
RELISTS = Counter(
    "sluice_watch_relists_total", "Watches that started again with a list.", ["kind"], registry=REGISTRY
)
RESYNCS = Counter("sluice_resyncs_total", "Full lists, by how they ended.", ["result"], registry=REGISTRY)
GHOSTS = Counter(
    "sluice_cache_ghosts_total", "Objects whose deletion the watch missed.", ["kind"], registry=REGISTRY
)
MISSED = Counter("sluice_cache_missed_total", "Changes that a list found first.", ["kind"], registry=REGISTRY)

LEADER = Gauge("sluice_leader", "1 while this process holds the Lease.", registry=REGISTRY)
LOOP_LAG_SECONDS = Gauge(
    "sluice_loop_lag_seconds", "How late the event loop was, last time.", registry=REGISTRY
)
PROGRESS_POSTS = Counter(
    "sluice_progress_posts_total", "Progress reports received.", ["result"], registry=REGISTRY
)
BUILD_INFO = Gauge(
    "sluice_build_info", "Always 1; the label tells the version.", ["version"], registry=REGISTRY
)

Sample = tuple[str, str, str, int]
"""Kind, condition type, condition status, number of objects."""


class ConditionCollector(Collector):
    """Counts objects by condition when it is asked, so that no gauge outlives its object."""

    def __init__(
        self, count: Callable[[], Iterable[Sample]], objects: Callable[[], Iterable[tuple[str, int]]]
    ) -> None:
        self._count = count
        self._objects = objects

    def collect(self) -> Iterator[Metric]:
        """Yield both families."""
        conditions = GaugeMetricFamily(
            "sluice_resource_conditions",
            "Our objects by condition and status.",
            labels=["kind", "condition", "status"],
        )
        for kind, condition, status, number in self._count():
            conditions.add_metric([kind, condition, status], number)
        yield conditions
        cached = GaugeMetricFamily("sluice_cache_objects", "Objects in the cache.", labels=["kind"])
        for kind, number in self._objects():
            cached.add_metric([kind], number)
        yield cached


def render() -> bytes:
    """All metrics in the text format."""
    return generate_latest(REGISTRY)
