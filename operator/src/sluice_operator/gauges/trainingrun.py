"""What the metrics about a TrainingRun say."""

from collections.abc import Iterator

from sluice_operator import raw
from sluice_operator.facts.run import run_facts
from sluice_operator.facts.stages import counters, stage_records
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
    yield Series(of.RUN_GPU_SECONDS, float(counters(observed.me).gpu_seconds))
    yield from _duration(observed)
    pod = training_pod(observed, status)
    if pod is not None:
        yield from at(of.RUN_TRAINING_SINCE, pod.started_at)
    stalled = condition(status, "Stalled")
    if stalled.get("status") == "True":
        since = raw.time(stalled, "lastTransitionTime")
        yield from at(of.RUN_STALLED_SINCE, since, raw.text(stalled, "reason"))


def _duration(observed: Observed) -> Iterator[Series]:
    """An adopted artifact took this run no more than finding it."""
    records = stage_records(observed.me)
    if run_facts(observed.me) is None or not records:
        return
    began = raw.time({"time": min(r.started_at for r in records)}, "time")
    ended = raw.time({"time": max(r.finished_at for r in records)}, "time")
    if began is not None and ended is not None:
        yield Series(of.RUN_DURATION, max(0.0, (ended - began).total_seconds()))


def training_pod(observed: Observed, status: Status) -> PodView | None:
    """The Pod that trains now, or None."""
    job = raw.mapping(status, "job")
    if raw.text(job, "stage") != "train":
        return None
    name = raw.text(job, "job")
    return next((p for p in observed.me.pods if p.job == name and p.phase == "Running"), None)
