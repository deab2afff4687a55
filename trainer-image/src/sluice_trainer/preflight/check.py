"""What a check says, and how many of them decide."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sluice_api.errors import InputWrong
from sluice_api.reasons import Reason
from sluice_api.trainingrun import PreflightMode

Status = Literal["ok", "warn", "blocked"]
Metric = int | float | str


@dataclass(frozen=True)
class Check:
    """One finding."""

    name: str
    status: Status
    metric: Metric
    """What was found."""
    threshold: Metric
    """What is allowed."""
    message: str = ""
    """What to do; empty when nothing needs to be done."""
    reason: Reason | None = None
    """Why the run is refused; given exactly when it is."""
    overrulable: bool = False
    """Training would work; only judgement forbids it. An open preflight goes on."""

    def report(self) -> dict[str, Any]:
        """Plain data for the report."""
        reason = self.reason.code if self.reason else None
        told = asdict(self) | {"reason": reason, "overrulable": self.overrulable or None}
        return {k: v for k, v in told.items() if v not in (None, "")}


def ok(name: str, metric: Metric, threshold: Metric) -> Check:
    """Nothing to say."""
    return Check(name, "ok", metric, threshold)


def warned(name: str, metric: Metric, threshold: Metric, message: str) -> Check:
    """The run goes on, and the message is shown."""
    return Check(name, "warn", metric, threshold, message)


def blocked(name: str, metric: Metric, threshold: Metric, reason: Reason, message: str) -> Check:
    """The run is refused, because it cannot work or must never happen."""
    return Check(name, "blocked", metric, threshold, message, reason)


def advised_against(name: str, metric: Metric, threshold: Metric, reason: Reason, message: str) -> Check:
    """The run is refused, unless its preflight is open."""
    return Check(name, "blocked", metric, threshold, message, reason, overrulable=True)


def refuse_blocked(checks: Iterable[Check], mode: PreflightMode) -> None:
    """Raises InputWrong with the reason of the first check that blocks in this mode, and all messages."""
    refusals = [c for c in checks if c.reason is not None and not (mode == "Open" and c.overrulable)]
    if refusals:
        reason = refusals[0].reason
        assert reason is not None
        raise InputWrong(reason, "; ".join(c.message for c in refusals))


def warnings(checks: Sequence[Check]) -> tuple[str, ...]:
    """Messages of what was let pass: first what was overruled, then warnings."""
    return tuple(c.message for status in ("blocked", "warn") for c in checks if c.status == status)
