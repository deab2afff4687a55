"""What the metrics about a TrainingRun say."""

from collections.abc import Iterator

from sluice_operator import raw
from sluice_operator.gauges.series import Series, Status, at, condition
from sluice_operator.metrics import objects as of
from sluice_operator.model import Observed, PodView


def series(observed: Observed, status: Status) -> Iterator[Series]:
    """All of them but the heartbeat, which comes between two passes."""
    attempts = raw.mapping(status, "attempts")
    yield Series(of.RUN_ATTEMPTS, float(raw.integer(attempts, "total")))
    yield Series(of.RUN_FAILED, float(raw.integer(attempts, "failed")))
    yield Series(of.RUN_PREEMPTED, float(raw.integer(attempts, "preempted")))
    yield Series(of.RUN_PROGRESS, raw.integer(status, "progress", "percent") / 100)
    pod = training_pod(observed, status)
    if pod is not None:
        yield from at(of.RUN_TRAINING_SINCE, pod.started_at)
    stalled = condition(status, "Stalled")
    if stalled.get("status") == "True":
        since = raw.time(stalled, "lastTransitionTime")
        yield from at(of.RUN_STALLED_SINCE, since, raw.text(stalled, "reason"))


def training_pod(observed: Observed, status: Status) -> PodView | None:
    """The Pod that trains now, or None."""
    job = raw.mapping(status, "job")
    if raw.text(job, "stage") != "train":
        return None
    name = raw.text(job, "job")
    return next((p for p in observed.me.pods if p.job == name and p.phase == "Running"), None)
