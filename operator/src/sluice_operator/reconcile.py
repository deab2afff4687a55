"""One pass over one object: observe, plan, delete, write, tell, write the status.

Events go before the status: their names follow content, so a crash between the two repeats nothing and loses
nothing. A failed write ends the writing; a refused delete ends nothing, because nothing is built on it. What
persists is shown in the conditions.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sluice_api import reasons
from sluice_api.reasons import Reason
from sluice_api.records import DriftRecord
from sluice_api.text import harmless
from sluice_operator import metrics
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.errors import Conflict, Forbidden, Invalid, NotFound
from sluice_operator.adapters.cluster.events import Recorder
from sluice_operator.intake import Intake
from sluice_operator.model import (
    Create,
    Delete,
    EventNote,
    Key,
    Observed,
    Plan,
    Resource,
    ResourceKind,
    Write,
)
from sluice_operator.observe import Observer
from sluice_operator.status import StatusBook, with_failure
from sluice_operator.writes import ChildConflict, Outdated, Writer, refresh

LOG = logging.getLogger(__name__)
DRIFT_RECORD = DriftRecord.model_fields["record"].default
Planners = Mapping[ResourceKind, Callable[[Observed], Plan]]


@dataclass(frozen=True)
class Outcome:
    """How a pass ended well."""

    is_gone: bool = False
    requeue_after: float | None = None


class Reconciler:
    """Makes the cluster agree with the plan, one object at a time."""

    def __init__(
        self, observer: Observer, planners: Planners, cluster: Cluster, intake: Intake, recorder: Recorder
    ) -> None:
        self._observer = observer
        self._planners = planners
        self._cluster = cluster
        self._intake = intake
        self._recorder = recorder
        self._statuses = StatusBook()

    async def reconcile(self, key: Key) -> Outcome:
        """One pass. Raises Outdated, ChildConflict or ApiError when it has to be tried again."""
        observed = await self._observer.observe(key)
        if observed is None:
            self._statuses.forget(key)
            return Outcome(is_gone=True)
        if observed.me.resource.meta.deleting:
            # What it owns is the garbage collector's now.
            return Outcome()
        plan = self._planners[key.kind](observed)
        try:
            await self._write(observed, plan)
        except (ChildConflict, Forbidden, Invalid) as error:
            await self._tell(observed.me.resource, show_failure(observed, plan, error), is_news=False)
            raise
        await self._tell(observed.me.resource, plan, is_news=bool(plan.apply or plan.delete))
        return Outcome(requeue_after=plan.requeue_after)

    async def _write(self, observed: Observed, plan: Plan) -> None:
        writer = Writer(self._cluster, self._intake, observed.me.resource)
        refused = [error for one in plan.delete if (error := await _refusal(writer, one)) is not None]
        for write in plan.apply:
            await writer.write(write)
            metrics.WRITES.labels(observed.me.resource.kind, type(write).__name__).inc()
            _count_check(write)
        if refused:
            raise refused[0]

    async def _tell(self, resource: Resource, plan: Plan, *, is_news: bool) -> None:
        """Log and post events when something happened, then write the status when it differs."""
        plan = harmless_plan(plan)
        differs = plan.status is not None and self._statuses.differs(resource, plan.status)
        if is_news or differs:
            self._log(plan, is_news=is_news)
            for note in plan.events:
                await self._recorder.post(resource, note)
        if plan.status is not None and differs:
            await self._write_status(resource, plan.status)

    async def _write_status(self, resource: Resource, status: Mapping[str, Any]) -> None:
        kind, meta = resource.kind, resource.meta
        try:
            answer = await self._cluster.write_status(kind, meta.namespace, meta.name, meta.uid, status)
        except (Conflict, NotFound):
            await refresh(self._cluster, self._intake, kind, meta.namespace, meta.name, meta.uid)
            raise Outdated(f"{kind} {meta.name} changed before its status was written") from None
        metrics.WRITES.labels(kind, "Status").inc()
        self._statuses.wrote(resource.key, status, answer)
        self._intake.take(kind, answer, by=resource.key)

    def _log(self, plan: Plan, *, is_news: bool) -> None:
        told = (f"{note.reason.camel}: {note.message}" for note in plan.events)
        for line in dict.fromkeys((*(plan.details if is_news else ()), *told)):
            LOG.info(line)


async def _refusal(writer: Writer, delete: Delete) -> Forbidden | Invalid | None:
    """Delete; returns why somebody refuses that, such as an admission webhook."""
    try:
        await writer.delete(delete)
    except (Forbidden, Invalid) as error:
        return error
    metrics.WRITES.labels(delete.kind, "Delete").inc()
    return None


def _count_check(write: Write) -> None:
    """Count a drift check when its record is written."""
    data = write.manifest.get("data", {}) if isinstance(write, Create) else {}
    if data.get("record") == DRIFT_RECORD:
        metrics.DRIFT_CHECKS.labels(data["result"]).inc()


def harmless_plan(plan: Plan) -> Plan:
    """The plan with what it tells in one line each: texts of users may hold what changes a terminal."""
    events = tuple(EventNote(note.reason, harmless(note.message)) for note in plan.events)
    return replace(plan, status=harmless(plan.status), events=events, details=tuple(harmless(plan.details)))


def reason_of(error: Exception) -> Reason:
    """Why a write did not happen."""
    return reasons.CHILD_CONFLICT if isinstance(error, ChildConflict) else reasons.APPLY_FAILED


def show_failure(observed: Observed, plan: Plan, error: Exception) -> Plan:
    """The plan as it is told when a write was refused: conditions and an Event say what and why."""
    reason = reason_of(error)
    message = f"{error} {reason.next_step}"
    status = with_failure(plan.status, reason, message, observed) if plan.status is not None else None
    return Plan(status=status, events=(EventNote(reason, message),))
