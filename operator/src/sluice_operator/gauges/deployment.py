"""What the metrics about a Deployment say."""

from collections.abc import Iterator
from typing import get_args

from sluice_api import reasons
from sluice_api.deployment import DriftStatus
from sluice_operator import raw
from sluice_operator.facts import drift, live
from sluice_operator.gauges.series import Series, Status, at, condition, decimal, flag, one_of
from sluice_operator.metrics import objects as of
from sluice_operator.model import Observed, Related

_VERDICTS = get_args(DriftStatus.model_fields["verdict"].annotation)
_BLOCKED = {reasons.ROLLBACK_BLOCKED.camel, reasons.NO_PREDECESSOR.camel}
_DIGITS = 12


def series(observed: Observed, status: Status) -> Iterator[Series]:
    """All of them."""
    yield from _active(status)
    yield from _moves(status)
    yield from _drift(observed.me, status)
    yield from _audit(observed.me, status)


def _active(status: Status) -> Iterator[Series]:
    active = raw.mapping(status, "active")
    if active:
        digest = raw.text(active, "digest").removeprefix("sha256:")[:_DIGITS]
        yield Series(of.ACTIVE, 1.0, (digest, raw.text(active, "runRef", "name")))
        yield from at(of.ACTIVE_SINCE, raw.time(active, "since"))
    is_down = condition(status, "Available").get("reason") == reasons.LIVE_UNAVAILABLE.camel
    yield flag(of.LIVE_UNAVAILABLE, is_down)


def _moves(status: Status) -> Iterator[Series]:
    newest = next(raw.items(status, "history"), {})
    yield from at(of.LAST_TRANSITION, raw.time(newest, "time"), raw.text(newest, "cause"))
    told = {raw.text(c, "reason") for part in ("conditions", "holds") for c in raw.items(status, part)}
    yield flag(of.ROLLBACK_BLOCKED, bool(told & _BLOCKED))
    yield flag(of.AUDIT_TAMPERED, reasons.AUDIT_TAMPERED.camel in told)
    yield Series(of.REFUSED, float(sum(1 for _ in raw.items(status, "refused"))))
    held = {raw.text(hold, "reason") for hold in raw.items(status, "holds")}
    yield from (Series(of.HOLD, 1.0, (reason,)) for reason in sorted(held))


def _drift(me: Related, status: Status) -> Iterator[Series]:
    wanted = raw.mapping(me.resource.spec, "drift")
    if not wanted or me.resource.spec.get("suspend") is True:
        return
    yield Series(of.DRIFT_INTERVAL, float(raw.integer(wanted, "everySeconds")))
    yield flag(of.DRIFTED, condition(status, "Drifted").get("status") == "True")
    found = raw.mapping(status, "drift")
    if not found:
        return
    yield from one_of(of.DRIFT_VERDICT, _VERDICTS, raw.text(found, "verdict"))
    yield from decimal(of.DRIFT_SCORE, found, "score")
    yield from decimal(of.DRIFT_BASELINE, found, "baseline")
    yield Series(of.DRIFT_FAILURES, float(raw.integer(found, "consecutiveFailures")))
    yield from at(of.DRIFT_LAST_CHECK, raw.time(found, "lastCheckTime"))
    if raw.text(found, "verdict") == "Unknown":
        yield from _unknown_since(me, status)


def _unknown_since(me: Related, status: Status) -> Iterator[Series]:
    """The condition knows longer than the records, of which only the newest few are kept."""
    shown = condition(status, "Drifted")
    streak: list[str] = []
    for tick in drift.ticks(me):
        if tick.result != "Unknown":
            break
        streak.append(tick.checked_at)
    if shown.get("status") == "Unknown":
        streak.append(raw.text(shown, "lastTransitionTime"))
    yield from at(of.DRIFT_UNKNOWN_SINCE, raw.time({"time": min(streak, default="")}, "time"))


def _audit(me: Related, status: Status) -> Iterator[Series]:
    chain = live.audit_records(me)
    archived = raw.integer(status, "audit", "archivedSequence")
    waiting = [r for r in chain if r.sequence > archived]
    yield Series(of.AUDIT_SEQUENCE, float(chain[-1].sequence if chain else 0))
    yield Series(of.AUDIT_UNARCHIVED, float(len(waiting)))
    if waiting:
        yield from at(of.AUDIT_UNARCHIVED_SINCE, raw.time({"time": waiting[0].time}, "time"))
