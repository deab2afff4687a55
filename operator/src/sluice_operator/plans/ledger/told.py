"""What the status says about the archive, rebuilt from records."""

from datetime import timedelta

from sluice_api import reasons
from sluice_api.conditions import ConditionStatus
from sluice_api.reasons import Reason
from sluice_operator.facts import audit
from sluice_operator.facts.live import head
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import EventNote, Observed
from sluice_operator.plans.common import parse_time
from sluice_operator.plans.draft import Conditions, Draft
from sluice_operator.plans.ledger import asks

CONDITION = "AuditArchived"
BEHIND = timedelta(minutes=10)


def add_archived(conditions: Conditions, observed: Observed, draft: Draft) -> None:
    """Want the condition AuditArchived, and an Event when it turns."""
    status, reason, message = _archived(observed, draft)
    conditions.add(CONDITION, status, reason, message)
    before = observed.me.resource.status.get("conditions", [])
    known = next((c for c in before if isinstance(c, dict) and c.get("type") == CONDITION), {})
    news = (known.get("status"), known.get("reason")) != (status, reason.camel)
    if status == "False" and news:
        draft.events.append(EventNote(reason, message))


def _archived(observed: Observed, draft: Draft) -> tuple[ConditionStatus, Reason, str]:
    me = observed.me
    found = audit.findings(me)
    answer = asks.verified(observed)
    wrong = found or (answer.findings if answer else ())
    if wrong:
        return "False", reasons.AUDIT_TAMPERED, reasons.AUDIT_TAMPERED.advise(audit.describe(wrong))
    last = stage_records(me, audit.STAGE)[-1:]
    failed = last[0] if last and last[0].outcome != "Succeeded" else None
    if failed is not None and failed.reason == reasons.AUDIT_TAMPERED.code:
        return "False", reasons.AUDIT_TAMPERED, reasons.AUDIT_TAMPERED.advise(failed.message)
    waiting = audit.unarchived(me)
    if failed is not None and (waiting or head(me) is None):
        told = f"the ledger stage failed: {failed.message}"
        return "False", reasons.AUDIT_BEHIND, reasons.AUDIT_BEHIND.advise(told)
    if waiting:
        due = parse_time(waiting[0].time) + BEHIND
        if observed.now >= due:
            told = f"links since {waiting[0].sequence}, written at {waiting[0].time}, are not archived"
            return "False", reasons.AUDIT_BEHIND, reasons.AUDIT_BEHIND.advise(told)
        draft.wake_in((due - observed.now).total_seconds())
    proven = f"; {answer.links} archived links are proven ({asks.word(observed)})" if answer else ""
    return "True", reasons.AUDIT_ARCHIVED, f"links up to {audit.archived(me)} are archived{proven}"
