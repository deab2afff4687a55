"""What the ledger stage is asked, always in the same words: a Job is known again by its request."""

import re
from collections.abc import Iterable

from sluice_api import meta
from sluice_api.audit import AuditRecord
from sluice_api.contracts.bytecount import compact_json
from sluice_api.contracts.reports import LedgerResult
from sluice_api.contracts.requests import LEDGER_BATCH_BYTES, LedgerRequest
from sluice_operator.children.jobs import Ask
from sluice_operator.facts import audit
from sluice_operator.facts.live import audit_records, head
from sluice_operator.model import Observed
from sluice_operator.plans.common import Platform

RETRIES = 1_000
"""An archive that is behind is never given up; each attempt waits longer, up to five minutes."""
BATCH_LINKS = 64
_WORD = re.compile(r"^[A-Za-z0-9-]{1,32}$")
_BATCH = re.compile(r"^([0-9]{1,9})-([0-9]{1,9})(\..*)?$")


def word(observed: Observed) -> str:
    """The word by which somebody asks for a check of the archive; empty when nobody does."""
    given = observed.me.resource.meta.annotations.get(meta.ANNOTATION_VERIFY_AUDIT, "")
    return given if _WORD.match(given) else ""


def archive(observed: Observed, platform: Platform, links: tuple[AuditRecord, ...], more: str) -> Ask:
    """Copy these links."""
    identity = f"{links[0].sequence}-{links[-1].sequence}{more}"
    request = LedgerRequest(
        mode="Archive",
        name=observed.me.resource.meta.name,
        chain=links[0].chain,
        records=links,
        identity=identity,
    )
    return _ask(request, platform)


def archive_again(observed: Observed, platform: Platform, identity: str) -> Ask | None:
    """The same as was asked under an identity; None when it was something else, or links of it are gone."""
    match = _BATCH.match(identity)
    if match is None:
        return None
    first, last = int(match.group(1)), int(match.group(2))
    links = tuple(r for r in audit_records(observed.me) if first <= r.sequence <= last)
    return archive(observed, platform, links, match.group(3) or "") if links else None


def verify(observed: Observed, platform: Platform) -> Ask | None:
    """Prove what is archived; None when nobody asks, or when it was answered."""
    asked = word(observed)
    known = audit.archive_says(observed.me)
    last = max(known, default=0)
    newest = head(observed.me)
    if not asked or newest is None or verified(observed) is not None:
        return None
    request = LedgerRequest(
        mode="Verify",
        name=observed.me.resource.meta.name,
        chain=newest.chain,
        sequence=last,
        head_hash=known.get(last),
        identity=f"verify.{asked}",
    )
    return _ask(request, platform)


def verified(observed: Observed) -> LedgerResult | None:
    """The answer to the check that is asked for."""
    identity = f"verify.{word(observed)}"
    return next((r for r in audit.results(observed.me, "Verify") if r.identity == identity), None)


def inherit(observed: Observed, platform: Platform) -> Ask:
    """What did earlier Deployments of this name refuse?"""
    resource = observed.me.resource
    asked = word(observed)
    request = LedgerRequest(
        mode="Inherit",
        name=resource.meta.name,
        chain=resource.meta.uid,
        identity=f"inherit.{resource.meta.uid}{f'.{asked}' if asked else ''}",
    )
    return _ask(request, platform)


def batch(links: Iterable[AuditRecord]) -> tuple[AuditRecord, ...]:
    """As many links, oldest first, as one request takes."""
    taken: list[AuditRecord] = []
    size = 0
    for record in links:
        size += len(compact_json(record.dump()))
        if taken and (size > LEDGER_BATCH_BYTES or len(taken) == BATCH_LINKS):
            break
        taken.append(record)
    return tuple(taken)


def _ask(request: LedgerRequest, platform: Platform) -> Ask:
    storage = platform.storage.for_ledger()
    return Ask("ledger", request, platform.profile, storage, retry_limit=RETRIES)
