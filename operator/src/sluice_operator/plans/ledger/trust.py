"""Whether the chain may decide at all: the head alone decides, so it must be there, and be the right one.

A new Deployment begins its chain only when the archive said what earlier ones of its name refused.
"""

from sluice_api import reasons
from sluice_api.reasons import Retry
from sluice_operator.facts import audit
from sluice_operator.facts.live import head
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import Observed
from sluice_operator.plans.draft import Draft, Stop
from sluice_operator.plans.ledger.adopt import adopt


def trust_chain(observed: Observed, draft: Draft) -> Stop | None:
    """A Stop while nothing may be decided from the chain. What serves goes on serving."""
    return adopt(observed, draft) or _distrust_head(observed) or _await_refusals(observed)


def _distrust_head(observed: Observed) -> Stop | None:
    newest = head(observed.me)
    number = newest.sequence if newest else 0
    found = [f for f in audit.findings(observed.me) if f.sequence >= number]
    return Stop("Stalled", reasons.AUDIT_TAMPERED, audit.describe(found)) if found else None


def _await_refusals(observed: Observed) -> Stop | None:
    told = next(iter(audit.results(observed.me, "Inherit")), None)
    if head(observed.me) is not None or (told is not None and not told.refused):
        return None
    message = "waiting for the archive to say what earlier Deployments of this name rolled back"
    last = stage_records(observed.me, audit.STAGE)[-1:]
    if not last or last[0].outcome == "Succeeded":
        return Stop("Waiting", reasons.REFUSALS_AWAITED, message)
    why = f"{message}: {last[0].message}"
    reason = reasons.named(last[0].reason)
    if reason.retry is Retry.HUMAN:
        return Stop("Stalled", reason, why)
    return Stop("Waiting", reasons.REFUSALS_AWAITED, why)
