"""Audit chains of any length, as the operator would write them."""

from typing import Any

from sluice_api.audit import AuditRecord, Fold, Refusal
from sluice_api.hashing import digest_of

CHAIN = "0a1b2c3d-0000-4000-8000-000000000001"
TIME = "2026-01-01T00:00:00Z"


def link(before: AuditRecord | None, chain: str = CHAIN, **more: Any) -> AuditRecord:
    """The next link of a chain, a rejection unless told otherwise."""
    number = before.sequence + 1 if before else 1
    values: dict[str, Any] = {
        "chain": chain,
        "sequence": number,
        "previous_hash": before.hash if before else None,
        "phase": "rejected",
        "cause": "automatic",
        "actor": "system:sluice",
        "digest": digest_of(number),
        "reason": "progress_deadline_exceeded",
        "message": f"link {number}",
        "time": TIME,
        "fold": before.fold if before else Fold(),
    }
    return AuditRecord(**(values | more))


def chain_of(length: int, chain: str = CHAIN, **more: Any) -> tuple[AuditRecord, ...]:
    """A whole chain."""
    links: list[AuditRecord] = []
    for _ in range(length):
        links.append(link(links[-1] if links else None, chain, **more))
    return tuple(links)


def refusing(*digests: str) -> Fold:
    """A fold that refuses these digests."""
    return Fold(refused=tuple(Refusal(digest=d, transition=1) for d in digests))
