"""What became of a request, read from records, and following it until there is an answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sluice_api import reasons
from sluice_api.audit import AuditRecord, Phase
from sluice_api.decisions import Request
from sluice_api.records import ApprovalRecord
from sluice_operator import raw
from sluice_operator.facts import live as chain
from sluice_operator.model import Related

State = Literal["Asked", "Waiting", "Acting", "Done", "Refused"]
PAUSE_SECONDS = 1.0
_GRANTED = frozenset({reasons.REQUEST_DONE.code, reasons.REQUEST_NO_OP.code})
_BY_PHASE: dict[Phase, State] = {"done": "Done", "rejected": "Refused"}


@dataclass(frozen=True)
class Outcome:
    """How a request stands. Asked: the operator has not answered yet."""

    state: State
    reason: str = ""
    message: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("Done", "Refused")


def of_traffic(me: Related, request: Request) -> Outcome:
    """How a request about a Deployment stands."""
    mine = [r for r in chain.audit_records(me) if r.request == request.id]
    if mine:
        return _recorded(mine[-1])
    candidate = raw.mapping(me.resource.status, "candidate")
    if raw.text(candidate, "digest") == request.digest:
        message = f"revision {raw.integer(candidate, 'revision')} is on its way"
        return Outcome("Acting", reasons.CANDIDATE_STARTING.camel, message)
    for hold in raw.items(me.resource.status, "holds"):
        message = raw.text(hold, "message")
        if f"{request.digest[:19]} by {request.user}" in message:
            return Outcome("Waiting", raw.text(hold, "reason"), message)
    if request.decision == "promote" and me.resource.spec.get("paused") is True:
        return Outcome("Waiting", reasons.PAUSED.camel, "spec.paused is true; the request is kept until then")
    return Outcome("Asked")


def _recorded(record: AuditRecord) -> Outcome:
    reason = reasons.named(record.reason)
    state: State = _BY_PHASE.get(record.phase, "Acting")
    if record.phase == "spent":
        state = "Done" if record.reason in _GRANTED else "Refused"
    message = reason.advise(record.message) if state == "Refused" else record.message
    return Outcome(state, reason.camel, message)


def of_approval(gate: Related, request: Request) -> Outcome:
    """How an approval stands."""
    for view in gate.records:
        found = view.record
        if isinstance(found, ApprovalRecord) and found.verdict.endswith(f"-{request.verdict_hash}"):
            return Outcome("Done", reasons.APPROVED.camel, f"{found.user} approved it at {found.time}")
    condition = raw.condition({"status": gate.resource.status}, "Approved")
    message = raw.text(condition, "message")
    if request.id not in message:
        return Outcome("Asked")
    reason = raw.text(condition, "reason")
    return Outcome("Waiting" if reason == reasons.REQUEST_WAITING.camel else "Refused", reason, message)


def follow(
    read: Callable[[], Outcome],
    say: Callable[[Outcome], None],
    *,
    seconds: float,
    through_waiting: bool,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Tell each new state, until there is an answer, it waits for something else, or the time is over."""
    until = clock() + seconds
    last = Outcome("Asked")
    while True:
        found = read()
        if found != last:
            say(found)
        last = found
        waits = found.state == "Waiting" and not through_waiting
        if found.is_final or waits or clock() >= until:
            return found
        sleep(PAUSE_SECONDS)
