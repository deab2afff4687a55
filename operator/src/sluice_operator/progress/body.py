"""The body of a progress report -> a note. Pure; the error of a bad body says what is wrong with it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sluice_operator import raw
from sluice_operator.adapters.cluster.identity import PodIdentity
from sluice_operator.model import ProgressNote

DIGITS_MAX = 9


class BadReport(ValueError):
    """The body is no progress report."""


def parse_report(body: bytes, pod: PodIdentity, job: str, received_at: datetime) -> ProgressNote:
    """The note of a report. Raises BadReport."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise BadReport('the body is not JSON; send {"trainerStatus": {...}}') from None
    status = raw.mapping(data, "trainerStatus")
    if not status:
        raise BadReport("trainerStatus is missing or empty")
    step, total = _steps(status)
    return ProgressNote(
        pod_uid=pod.uid,
        job=job,
        step=step,
        total_steps=total,
        eta_seconds=_count(status.get("estimatedRemainingSeconds")),
        received_at=received_at,
    )


def _steps(status: Mapping[str, Any]) -> tuple[int, int]:
    """Steps done and in all; a reporter that knows only a percentage has a hundred steps."""
    metrics = {raw.text(m, "name"): raw.text(m, "value") for m in raw.items(status, "metrics")}
    step, total = (_number(metrics.get(name, "")) for name in ("current_step", "total_steps"))
    percent = _count(status.get("progressPercentage"))
    if step is not None and total:
        return min(step, total), total
    if percent is None:
        raise BadReport("trainerStatus needs progressPercentage, or current_step and total_steps in metrics")
    total = total or 100
    return total * min(percent, 100) // 100, total


def _number(text: str) -> int | None:
    return _count(int(text)) if text.isdecimal() and len(text) <= DIGITS_MAX else None


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**DIGITS_MAX
    return value if is_count and isinstance(value, int) else None
