"""The draft of a Plan that steps fill, and how it becomes conditions.

A step returns None to go on, or a Stop that says how things stand; the first Stop ends the story.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sluice_api import conditions, reasons
from sluice_api.conditions import Condition, ConditionStatus
from sluice_api.reasons import Reason, Retry, Severity
from sluice_operator.model import Delete, EventNote, Observed, Plan, Problem, Write

State = Literal["Ready", "Working", "Retrying", "Waiting", "Stalled", "Failed", "Suspended"]
"""Working: the operator or the cluster works. Retrying: the operator tries again by itself. Waiting: nothing
of ours works, and what is missing is expected to come by itself. Stalled: a person must act, then it goes on.
Failed: it never goes on. kstatus reads Working and Retrying as Reconciling, Stalled and Failed as Stalled."""


def stamp(when: datetime) -> str:
    """A time as Kubernetes writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def shorten(text: str, limit: int = 1000) -> str:
    """A text that fits into a condition's message."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


@dataclass(frozen=True)
class Stop:
    """How things stand when a story ends."""

    state: State
    reason: Reason
    message: str

    @property
    def told(self) -> str:
        """The message, with the next step when somebody has to take it."""
        is_asked = self.state in ("Stalled", "Failed") or (
            self.state == "Retrying" and self.reason.severity is Severity.WARNING
        )
        return self.reason.advise(self.message) if is_asked else self.message


def stop_of(problem: Problem) -> Stop:
    """How things stand while a reference cannot be used."""
    needs_person = problem.reason.retry is Retry.HUMAN
    return Stop("Stalled" if needs_person else "Waiting", problem.reason, problem.message)


@dataclass
class Draft:
    """What steps want so far. It lives within one call of one planner."""

    writes: list[Write] = field(default_factory=list)
    deletes: list[Delete] = field(default_factory=list)
    events: list[EventNote] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    requeue: list[float] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    """Hashes of the requests that this pass wants done."""

    def write(self, write: Write, reason: Reason | None = None, message: str = "") -> None:
        """Want a write, with the Event that announces it once it is done."""
        self.writes.append(write)
        if reason is not None:
            self.events.append(EventNote(reason, message))
            self.details.append(f"{reason.camel}: {message}")

    def delete(self, delete: Delete) -> None:
        """Want a deletion."""
        self.deletes.append(delete)
        self.details.append(f"delete {delete.kind} {delete.name}: {delete.why}")

    def wake_in(self, seconds: float | None) -> None:
        """Look again after that many seconds at the latest."""
        if seconds is not None:
            self.requeue.append(max(seconds, 1.0))

    def plan(self, status: dict[str, Any] | None) -> Plan:
        """The finished Plan."""
        return Plan(
            apply=tuple(self.writes),
            delete=tuple(self.deletes),
            status=status,
            events=tuple(self.events),
            requeue_after=min(self.requeue) if self.requeue else None,
            details=tuple(self.details),
        )


class Conditions:
    """Collects the conditions of one status."""

    def __init__(self, observed: Observed) -> None:
        self._meta = observed.me.resource.meta
        self._now = stamp(observed.now)
        before = observed.me.resource.status.get("conditions", [])
        self._before = [c for c in before if isinstance(c, dict)] if isinstance(before, list) else []
        self._wanted: list[Condition] = []

    def add(self, kind: str, status: ConditionStatus, reason: Reason, message: str) -> None:
        """Want a condition."""
        self._wanted.append(
            Condition(
                type=kind,
                status=status,
                observed_generation=self._meta.generation,
                last_transition_time=self._now,
                reason=reason.camel,
                message=shorten(message),
            )
        )

    def add_standard(self, stop: Stop, ready: Stop | None = None) -> None:
        """Want Ready, Reconciling, Stalled and Suspended, as kstatus reads them.

        `ready` says what Ready speaks of, where that is not how the work stands.
        """
        ready, working = ready or stop, stop.state in ("Working", "Retrying")
        stalled = stop.state in ("Stalled", "Failed")
        self.add("Ready", "True" if ready.state == "Ready" else "False", ready.reason, ready.told)
        self.add("Reconciling", "True" if working else "False", stop.reason, stop.told)
        self.add("Stalled", "True" if stalled else "False", stop.reason, stop.told)
        suspended = stop.state == "Suspended"
        why = reasons.SUSPENDED if suspended else reasons.NOT_SUSPENDED
        self.add("Suspended", "True" if suspended else "False", why, stop.message if suspended else "")

    def add_bounded(self, stop: Stop) -> None:
        """Want Succeeded and Finished, for kinds whose work ends."""
        over = stop.state in ("Ready", "Failed")
        succeeded: ConditionStatus = "Unknown"
        if over:
            succeeded = "True" if stop.state == "Ready" else "False"
        self.add("Succeeded", succeeded, stop.reason, stop.told)
        self.add("Finished", "True" if over else "False", stop.reason, stop.told)

    def events(self) -> list[EventNote]:
        """An Event for each of Ready and Stalled that turned true for a new reason."""
        seen = {(c.get("type"), c.get("status"), c.get("reason")) for c in self._before}
        told = [c for c in self._wanted if c.type in ("Ready", "Stalled") and c.status == "True"]
        new = [c for c in told if (c.type, c.status, c.reason) not in seen]
        return [EventNote(reasons.named_camel(c.reason), c.message) for c in new]

    def news(self, kind: str) -> list[EventNote]:
        """An Event when that condition is true with a message that it did not have before."""
        seen = {(c.get("type"), c.get("status"), c.get("message")) for c in self._before}
        told = [c for c in self._wanted if (c.type, c.status) == (kind, "True")]
        new = [c for c in told if (c.type, c.status, c.message) not in seen]
        return [EventNote(reasons.BY_CAMEL[c.reason], c.message) for c in new]

    def refusals(self, kind: str) -> list[EventNote]:
        """An Event when that condition is false for a reason that it did not have before."""
        seen = {(c.get("type"), c.get("reason")) for c in self._before}
        told = [c for c in self._wanted if (c.type, c.status) == (kind, "False")]
        return [
            EventNote(reasons.named_camel(c.reason), c.message) for c in told if (kind, c.reason) not in seen
        ]

    def dump(self) -> list[dict[str, Any]]:
        """Plain conditions; the time of the last transition is kept where the status did not change."""
        return [c.dump() for c in conditions.merge(self._before, self._wanted)]
