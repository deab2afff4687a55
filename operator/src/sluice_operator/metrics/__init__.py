"""Every metric of the operator: `families` says what a metric is, `objects` has those about single objects.

Here are those of the process. How they are told over HTTP is `health`'s business.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from sluice_operator.metrics import objects
from sluice_operator.metrics.families import (
    FAMILIES,
    REGISTRY,
    Family,
    counter,
    declare,
    gauge,
    histogram,
    render,
)

__all__ = ["FAMILIES", "REGISTRY", "ConditionCollector", "Family", "Sample", "objects", "render"]

_FAST = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0)
_WAIT = (0.001, 0.01, 0.1, 1.0, 5.0, 15.0, 60.0, 300.0)

RECONCILES = counter("sluice_reconcile_total", "Passes over an object, by how they ended.", "kind", "result")
RECONCILE_SECONDS = histogram("sluice_reconcile_seconds", "Time of one pass.", "kind", buckets=_FAST)
PANICS = counter("sluice_reconcile_panics_total", "Passes that ended with an unexpected exception.", "kind")
WRITES = counter("sluice_writes_total", "Writes of plans, by kind and verb.", "kind", "verb")
EVENTS = counter("sluice_events_total", "Kubernetes Events posted.", "kind", "reason", "type")
EVENTS_DROPPED = counter("sluice_events_dropped_total", "Kubernetes Events that were not posted.", "why")

DRIFT_CHECKS = counter("sluice_drift_checks_total", "Drift checks, by what they found.", "result")

QUEUE_DEPTH = gauge("sluice_queue_depth", "Keys that wait for a worker.")
QUEUE_OLDEST_SECONDS = gauge(
    "sluice_queue_oldest_seconds", "How long the key waits that waits longest for a worker.", unit="seconds"
)
QUEUE_ADDS = counter("sluice_queue_adds_total", "Keys that were put into the queue.")
QUEUE_WAIT_SECONDS = histogram("sluice_queue_wait_seconds", "Time between wake-up and work.", buckets=_WAIT)
QUEUE_RETRIES = counter("sluice_queue_retries_total", "Passes that will be tried again.")
QUEUE_FAILING = gauge("sluice_queue_failing_keys", "Keys whose last pass failed.")
WORKERS_ACTIVE = gauge("sluice_workers_active", "Workers that are at work.")

API_REQUESTS = counter(
    "sluice_api_requests_total",
    "Requests to the API server; code is 2xx, the status of a refusal, or error when none came.",
    "method",
    "code",
)
API_SECONDS = histogram(
    "sluice_api_request_seconds", "Time of requests to the API server.", "method", buckets=_FAST
)
WATCH_EVENTS = counter("sluice_watch_events_total", "Watch events received.", "kind")
WATCH_LAST_EVENT = gauge(
    "sluice_watch_last_event_timestamp_seconds",
    "When the last watch event of a kind came.",
    "kind",
    unit="Unix seconds",
)
WATCHES = gauge("sluice_watches_alive", "Watches that are alive.")
RELISTS = counter("sluice_watch_relists_total", "Watches that started again with a list.", "kind")
RESYNCS = counter("sluice_resyncs_total", "Full lists, by how they ended.", "result")
RESYNC_LAST = gauge(
    "sluice_resync_last_timestamp_seconds", "When everything was last listed in full.", unit="Unix seconds"
)
GHOSTS = counter("sluice_cache_ghosts_total", "Objects whose deletion the watch missed.", "kind")
MISSED = counter("sluice_cache_missed_total", "Changes that a list found first.", "kind")

LEADER = gauge("sluice_leader", "1 while this process holds the Lease.", unit="0 or 1")
LOOP_LAG_SECONDS = gauge("sluice_loop_lag_seconds", "How late the event loop was, last time.", unit="seconds")
PROGRESS_POSTS = counter("sluice_progress_posts_total", "Progress reports received.", "result")
BUILD_INFO = gauge("sluice_build_info", "The operator's version.", "version", unit="always 1")

ProcessCollector(registry=REGISTRY)
for _name, _type, _told, _unit in (
    ("process_cpu_seconds_total", "counter", "Processor time of the process.", "seconds"),
    ("process_resident_memory_bytes", "gauge", "Memory that the process holds.", "bytes"),
    ("process_virtual_memory_bytes", "gauge", "Address space of the process.", "bytes"),
    ("process_start_time_seconds", "gauge", "When the process started.", "Unix seconds"),
    ("process_open_fds", "gauge", "Open files and connections.", "count"),
    ("process_max_fds", "gauge", "Most files and connections that may be open.", "count"),
):
    declare(Family(_name, _type, _told, unit=_unit))  # type: ignore[arg-type]

_CONDITIONS = declare(
    Family(
        "sluice_resource_conditions",
        "gauge",
        "Our objects by condition and status.",
        ("kind", "condition", "status"),
    )
)
_CACHED = declare(Family("sluice_cache_objects", "gauge", "Objects in the cache.", ("kind",)))

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
        conditions, cached = _CONDITIONS.empty(), _CACHED.empty()
        for kind, condition, status, number in self._count():
            conditions.add_metric([kind, condition, status], number)
        for kind, number in self._objects():
            cached.add_metric([kind], number)
        yield from (conditions, cached)
