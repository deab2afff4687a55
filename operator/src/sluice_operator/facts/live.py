"""What is live: the one answer for promotion, baselines and status.

Live is the newest `done` transition, or the open intent if the public Service carries exactly its number and
slot. Any other number, selector or absence of the Service is tampering.
"""

from sluice_api import meta
from sluice_api.audit import GOING_BACK, AuditRecord, Cause, Fold, Live
from sluice_api.records import RevisionRecord
from sluice_operator.model import Related, ServiceView


def audit_records(related: Related) -> tuple[AuditRecord, ...]:
    """The audit chain that is kept in the cluster, oldest first."""
    found = (r.record for r in related.records if isinstance(r.record, AuditRecord))
    return tuple(sorted(found, key=lambda r: r.sequence))


def head(related: Related) -> AuditRecord | None:
    """The newest link of the chain."""
    chain = audit_records(related)
    return chain[-1] if chain else None


def fold(related: Related) -> Fold:
    """All that the chain says up to now."""
    newest = head(related)
    return newest.fold.understood if newest else Fold()


def revisions(related: Related) -> tuple[RevisionRecord, ...]:
    """Revision records, oldest first."""
    found = (r.record for r in related.records if isinstance(r.record, RevisionRecord))
    return tuple(sorted(found, key=lambda r: r.revision))


def revision(related: Related, number: int) -> RevisionRecord | None:
    """The revision record of that number."""
    return next((r for r in revisions(related) if r.revision == number), None)


def public_service(related: Related) -> ServiceView | None:
    """The Service that clients ask: it has the Deployment's own name."""
    name = related.resource.meta.name
    return next((s for s in related.services if s.meta.name == name), None)


def carries(service: ServiceView | None, transition: int, slot: str) -> bool:
    """Whether the public Service was written by that transition, for that slot."""
    return (
        service is not None
        and service.meta.annotations.get(meta.ANNOTATION_TRANSITION) == str(transition)
        and service.selector.get(meta.LABEL_SLOT) == slot
    )


def live(related: Related) -> Live | None:
    """What traffic goes to, or None when nothing was ever promoted."""
    known = fold(related)
    intent = known.intent
    if intent is None or not carries(public_service(related), intent.sequence, intent.slot):
        return known.live
    newest = head(related)
    repair = intent.cause == "repair" and known.live is not None
    return Live(
        transition=intent.sequence,
        slot=intent.slot,
        revision=intent.revision,
        digest=intent.digest,
        by_promotion=is_live_by_promotion(intent.cause, known.live),
        since=known.live.since if repair and known.live else (newest.time if newest else ""),
    )


def is_live_by_promotion(cause: Cause, before: Live | None) -> bool:
    """Whether a transition makes its target live by promotion; a repair or an upgrade changes nothing."""
    if cause in ("repair", "profile") and before is not None:
        return before.by_promotion
    return cause not in GOING_BACK
