"""Removes links that are archived, old and far from the head, and none of a chain that was tampered with.

A stale leader could create an old number again; an hour and sixteen links are more than any stays away.
"""

from datetime import timedelta

from sluice_api.audit import AuditRecord
from sluice_operator.facts import audit
from sluice_operator.model import Delete, Observed
from sluice_operator.plans.common import parse_time
from sluice_operator.plans.draft import Draft

KEPT = timedelta(hours=1)


def prune(observed: Observed, draft: Draft) -> None:
    """Delete what may go, and look again when the next one may."""
    found = [(v, v.record) for v in observed.me.records if isinstance(v.record, AuditRecord)]
    found.sort(key=lambda pair: pair[1].sequence)
    newest = audit.archived(observed.me)
    spare = [(v, r) for v, r in found[: -audit.KEPT_LINKS] if r.sequence <= newest]
    if not spare or audit.findings(observed.me):
        return
    for view, record in spare:
        left = (parse_time(record.time) + KEPT - observed.now).total_seconds()
        if left > 0:
            draft.wake_in(left)
            return
        draft.delete(Delete("ControllerRevision", view.meta.name, view.meta.uid, "archived"))
