"""What a metric is: declared once, so that the endpoint and the reference page say the same.

Names: prefix `sluice_`, base units. Labels come from closed lists, but for `namespace` and `name` of families
about one object; digests and messages are never labels, and a run's name is one only where its model serves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

REGISTRY = CollectorRegistry(auto_describe=False)
# Each counter would tell twice, with the time of its birth in a series that no alert reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

Type = Literal["counter", "gauge", "histogram"]
Unit = Literal["count", "seconds", "bytes", "Unix seconds", "share", "0 or 1", "always 1"]
OBJECT: Final = ("namespace", "name")
"""Labels of every family about one object."""


@dataclass(frozen=True)
class Family:
    """One metric: all its series have these labels."""

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    unit: Unit = "count"

    def empty(self) -> CounterMetricFamily | GaugeMetricFamily:
        """The family without series, for a collector to fill."""
        kind = CounterMetricFamily if self.type == "counter" else GaugeMetricFamily
        return kind(self.name, self.help, labels=self.labels)


FAMILIES: Final[dict[str, Family]] = {}
"""Every metric of the operator by name, in the order of their declaration."""


def declare(family: Family) -> Family:
    """Enter a family into the table."""
    if family.name in FAMILIES:
        raise ValueError(f"metric {family.name} is declared twice")
    FAMILIES[family.name] = family
    return family


def counter(name: str, told: str, *labels: str) -> Counter:
    """A counter of the process."""
    found = declare(Family(name, "counter", told, labels))
    return Counter(found.name, found.help, found.labels, registry=REGISTRY)


def gauge(name: str, told: str, *labels: str, unit: Unit = "count") -> Gauge:
    """A gauge of the process."""
    found = declare(Family(name, "gauge", told, labels, unit))
    return Gauge(found.name, found.help, found.labels, registry=REGISTRY)


def histogram(name: str, told: str, *labels: str, buckets: Sequence[float]) -> Histogram:
    """A histogram of seconds."""
    found = declare(Family(name, "histogram", told, labels, "seconds"))
    return Histogram(found.name, found.help, found.labels, buckets=buckets, registry=REGISTRY)


def about_object(name: str, told: str, *labels: str, unit: Unit = "count", counts: bool = False) -> Family:
    """A family with series for each object, which a collector tells and which go with the object."""
    return declare(Family(name, "counter" if counts else "gauge", told, (*OBJECT, *labels), unit))


def render() -> bytes:
    """All metrics in the text format."""
    return generate_latest(REGISTRY)
