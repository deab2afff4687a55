"""What is known of a chain's archive, and whether the links that are kept in the cluster still hold."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sluice_api.audit import AuditRecord
from sluice_api.auditcheck import Copy, Kept, check
from sluice_api.contracts.reports import Finding, LedgerResult
from sluice_operator.facts.live import audit_records
from sluice_operator.facts.stages import successes
from sluice_operator.model import RecordView, Related

STAGE = "ledger"
KEPT_LINKS = 16
"""Newest links that are never pruned."""
ANSWERS_MAX = 4096
"""Chains whose findings are remembered: a hash and, as a rule, nothing for each."""
_answers: OrderedDict[bytes, tuple[Finding, ...]] = OrderedDict()


def results(related: Related, mode: str) -> tuple[LedgerResult, ...]:
    """Answers of the ledger stage in one mode, newest first."""
    found = (record.result for record in successes(related, STAGE))
    return tuple(r for r in found if isinstance(r, LedgerResult) and r.mode == mode)


def archive_says(related: Related) -> dict[int, str]:
    """Hashes of links that the ledger stage put into the archive or proved there, by number."""
    proven = (r for r in results(related, "Verify") if not r.found)
    told = (*results(related, "Archive"), *proven)
    return {r.sequence: r.head_hash for r in told if r.head_hash is not None}


def archived(related: Related) -> int:
    """Number of the newest archived link."""
    return max(archive_says(related), default=0)


def unarchived(related: Related) -> tuple[AuditRecord, ...]:
    """Links that are not archived yet, up to the first that is missing."""
    newest = archived(related)
    waiting = [r for r in audit_records(related) if r.sequence > newest]
    whole = (r for offset, r in enumerate(waiting) if r.sequence == newest + 1 + offset)
    return tuple(whole)


def findings(related: Related) -> tuple[Finding, ...]:
    """What is wrong with the links in the cluster, by themselves and by what the archive is known to hold."""
    links = audit_records(related)
    known = archive_says(related)
    if not links and not known:
        return ()
    # Every pass asks, and hashes of links are dear; a chain itself weighs half a megabyte.
    key = _identity(related, known)
    if key not in _answers:
        _answers[key] = _check(links, known)
    _answers.move_to_end(key)
    while len(_answers) > ANSWERS_MAX:
        _answers.popitem(last=False)
    return _answers[key]


def _identity(related: Related, known: Mapping[int, str]) -> bytes:
    """What findings depend on: each link to the byte, and what the archive is known to hold."""
    found = hashlib.blake2b(repr(sorted(known.items())).encode(), digest_size=32)
    for view in related.records:
        if isinstance(view.record, AuditRecord):
            found.update(view.fingerprint or view.record.hash.encode())
    return found.digest()


def _check(links: tuple[AuditRecord, ...], known: Mapping[int, str]) -> tuple[Finding, ...]:
    newest = max(known, default=0)
    first = min(newest + 1, links[-1].sequence - KEPT_LINKS + 1) if links else newest
    copies = tuple(Copy(r.sequence, r.hash, r) for r in links)
    kept = Kept("cluster", copies, max(1, first), newest)
    return check(links[-1].chain if links else "", [kept], known)


def describe(found: Sequence[Finding]) -> str:
    """Findings in one line, the first ones at least."""
    told = (f"{f.kind} at {f.sequence} ({f.where}): {f.message}" for f in found[:5])
    more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
    return f"{'; '.join(told)}{more}"


def with_orphans(related: Related) -> Related:
    """The object as it would be with the records that nobody owns."""
    lost = tuple(o for o in related.orphans if isinstance(o, RecordView))
    return replace(related, records=(*related.records, *lost))
