"""What a check says, and how many of them decide."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sluice_api.errors import InputWrong
from sluice_api.reasons import Reason

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

    def report(self) -> dict[str, Any]:
        """Plain data for the report."""
        reason = self.reason.code if self.reason else None
        return {k: v for k, v in (asdict(self) | {"reason": reason}).items() if v not in (None, "")}


def ok(name: str, metric: Metric, threshold: Metric) -> Check:
    """Nothing to say."""
    return Check(name, "ok", metric, threshold)


def warned(name: str, metric: Metric, threshold: Metric, message: str) -> Check:
    """The run goes on, and the message is shown."""
    return Check(name, "warn", metric, threshold, message)


def blocked(name: str, metric: Metric, threshold: Metric, reason: Reason, message: str) -> Check:
    """The run is refused."""
    return Check(name, "blocked", metric, threshold, message, reason)


def refuse_blocked(checks: Iterable[Check]) -> None:
    """Raises InputWrong with the reason of the first blocked check and the messages of all."""
    refusals = [c for c in checks if c.reason is not None]
    if refusals:
        reason = refusals[0].reason
        assert reason is not None
        raise InputWrong(reason, "; ".join(c.message for c in refusals))


def warnings(checks: Iterable[Check]) -> tuple[str, ...]:
    """Messages of warnings, in order."""
    return tuple(c.message for c in checks if c.status == "warn")
