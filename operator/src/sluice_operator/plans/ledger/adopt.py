"""Takes back what a restore left without owner: records, slots and Services of this very name.

Only a chain that proves itself is adopted. The head comes last but one write, so that a crash in the middle
never leaves a chain whose newest link is an old one. What has another owner is the garbage collector's: its
owner was deleted on purpose.
"""

from sluice_api import meta, reasons
from sluice_api.audit import AuditRecord
from sluice_operator.children import naming
from sluice_operator.facts import audit
from sluice_operator.facts.live import audit_records
from sluice_operator.model import ChildKind, Observed, Orphan, Patch, RecordView, Seen, SlotView
from sluice_operator.plans.draft import Draft, Stop


def adopt(observed: Observed, draft: Draft) -> Stop | None:
    """Adopt orphans; a Stop while that goes on, or when their chain does not hold."""
    whole = audit.with_orphans(observed.me)
    chains = {r.chain for r in audit_records(whole)}
    lost = [o for o in observed.me.orphans if _belongs(o)]
    if not lost or not chains:
        return None
    if len(chains) > 1:
        message = f"records of {len(chains)} chains bear the name; none without owner is adopted"
        return Stop("Stalled", reasons.AUDIT_TAMPERED, message)
    found = audit.findings(whole)
    if found:
        message = f"what was left without owner is not adopted: {audit.describe(found)}"
        return Stop("Stalled", reasons.AUDIT_TAMPERED, message)
    for orphan in sorted(lost, key=_order):
        draft.write(_take(observed, orphan))
    why = f"{len(lost)} objects of chain {chains.pop()} had lost their owner"
    draft.details.append(f"{reasons.AUDIT_ADOPTED.camel}: {why}")
    draft.wake_in(1)
    return Stop("Working", reasons.AUDIT_ADOPTED, why)


def _belongs(orphan: Orphan) -> bool:
    return not orphan.meta.deleting and (not isinstance(orphan, RecordView) or orphan.record is not None)


def _order(orphan: Orphan) -> tuple[bool, int, str]:
    """Links of the chain last, the newest of them first."""
    record = orphan.record if isinstance(orphan, RecordView) else None
    if isinstance(record, AuditRecord):
        return True, -record.sequence, orphan.meta.name
    return False, 0, orphan.meta.name


def _take(observed: Observed, orphan: Orphan) -> Patch:
    resource = observed.me.resource
    body = {
        "metadata": {
            "annotations": {meta.ANNOTATION_OWNER_UID: resource.meta.uid},
            "ownerReferences": [naming.owner_reference(resource)],
        }
    }
    # While an owner is deleted with `--cascade=orphan`, what it leaves has no owner, and it is still there.
    # Whatever it took back then would be garbage in the next second.
    seen = (Seen.of(resource),)
    return Patch(_kind(orphan), orphan.meta.name, orphan.meta.resource_version, body, seen)


def _kind(orphan: Orphan) -> ChildKind:
    if isinstance(orphan, RecordView):
        return "ControllerRevision"
    return "AppsDeployment" if isinstance(orphan, SlotView) else "Service"
