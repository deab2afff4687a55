"""What is said about an attempt beside its log: what its Pod waits for, and what its record tells. Pure."""

import json
from collections.abc import Iterator

from sluice_api.reasons import REASONS
from sluice_api.records import StageRecord
from sluice_operator.model import PodView
from sluice_operator.plans.pods import describe_pods
from sluice_plugin.logs.attempts import SERVE, Attempt

_STARTED = frozenset({"Running", "Succeeded", "Failed", "Unknown"})


def has_log(pod: PodView) -> bool:
    """Whether any of its containers may have said something."""
    return pod.phase in _STARTED or pod.started_at is not None


def container_of(attempt: Attempt, pod: PodView) -> str:
    """The container that speaks: in a slot that is not up yet, the one that fetches the model."""
    if attempt.stage != SERVE:
        return "stage"
    return "engine" if pod.phase == "Running" else "fetch"


def waiting_line(pod: PodView) -> str:
    """What a Pod that has not begun waits for."""
    return describe_pods((pod,))[1]


def gone_lines(attempt: Attempt) -> Iterator[str]:
    """What is left of an attempt whose Pods are gone."""
    if attempt.record is None:
        yield f"the Pods of {attempt.name} are gone, and no record tells of them yet"
        return
    yield f"the Pods of {attempt.name} are gone; this is what its record tells:"
    yield from record_lines(attempt.record)


def record_lines(record: StageRecord) -> Iterator[str]:
    """An attempt that ended, as its record tells it."""
    reason = REASONS.get(record.reason)
    code = "" if record.exit_code is None else f", exit code {record.exit_code}"
    told = reason.camel if reason else record.reason
    yield f"{record.outcome}: {told}{code}, {record.started_at} to {record.finished_at}"
    if record.message:
        yield record.message
    if record.report is not None:
        yield f"report: {json.dumps(record.report, ensure_ascii=False, sort_keys=True)}"
    if record.folder:
        yield f"the whole report: {record.folder}/report.json"
    if reason is not None and record.outcome != "Succeeded":
        yield f"next: {reason.next_step}"
