"""What is kept of a chain, in cluster and archive, and what the rest of the cluster vouches for. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from sluice_api.audit import AuditRecord
from sluice_api.auditcheck import Copy, Kept, Place, check, finding
from sluice_api.contracts.reports import Finding
from sluice_operator import raw
from sluice_operator.children.records import audit_name
from sluice_operator.facts import audit
from sluice_operator.model import RecordView, Related
from sluice_operator.plans.common import parse_time

CLOCKS = timedelta(seconds=2)
"""How far the clocks of API servers may be apart."""
RESTORED = timedelta(minutes=5)
"""A link that is created so long after it was written came from a backup, as its neighbours did."""


@dataclass(frozen=True)
class Evidence:
    """Copies of the links of one chain."""

    chain: str
    cluster: tuple[Copy, ...]
    archive: tuple[Copy, ...]
    known: dict[int, str]
    """Hashes that stage records and the status tell."""
    archived: int
    """Newest link that the operator saw archived."""
    again: tuple[Finding, ...] = ()
    """Links that were removed and created again."""

    def findings(self, places: Sequence[Place]) -> tuple[Finding, ...]:
        """What is wrong, with the copies in some places only, or in all."""
        kept = [k for k in (self._in_cluster(), self._in_archive()) if k.where in places]
        found = check(self.chain, kept, self.known)
        told = {(f.where, f.sequence) for f in found}
        again = [f for f in self.again if f.where in places and (f.where, f.sequence) not in told]
        return tuple(sorted((*found, *again), key=lambda f: (f.sequence, f.where)))

    def _in_cluster(self) -> Kept:
        newest = max((c.sequence for c in self.cluster), default=0)
        last = max([*self.known, *(c.sequence for c in self.archive)], default=0)
        first = min(self.archived + 1, max(newest, last) - audit.KEPT_LINKS + 1)
        return Kept("cluster", self.cluster, max(1, first), last)

    def _in_archive(self) -> Kept:
        pruned = min((c.sequence for c in self.cluster), default=1) - 1
        return Kept("archive", self.archive, 1, max(self.archived, pruned))


def chain_of(related: Related) -> str | None:
    """The chain that most links in the cluster belong to: one of them may be somebody else's work."""
    found = Counter(r.chain for _, r in _links(related) if r is not None)
    return found.most_common(1)[0][0] if found else None


def evidence(related: Related, chain: str, archive: tuple[Copy, ...]) -> Evidence:
    """All copies, and what else is known of them."""
    links = _links(related)
    says = audit.archive_says(related)
    head = raw.mapping(related.resource.status, "audit")
    told = {raw.integer(head, "sequence"): raw.text(head, "headHash")} if head else {}
    return Evidence(
        chain=chain,
        cluster=tuple(Copy(_number(v), r.hash if r else "", r) for v, r in links),
        archive=archive,
        known=told | says,
        archived=max(says, default=0),
        again=tuple(_created_again(links)),
    )


def _links(related: Related) -> list[tuple[RecordView, AuditRecord | None]]:
    """Links by their names, since what they say of themselves may be changed."""
    start = audit_name(related.resource.meta.name, 0).removesuffix("0")
    views = [*related.records, *(o for o in related.orphans if isinstance(o, RecordView))]
    mine = [v for v in views if v.meta.name.startswith(start) and v.meta.name.removeprefix(start).isdecimal()]
    found = ((v, v.record if isinstance(v.record, AuditRecord) else None) for v in mine)
    return sorted(found, key=lambda pair: _number(pair[0]))


def _number(view: RecordView) -> int:
    return int(view.meta.name.rsplit("-", 1)[1])


def _created_again(links: list[tuple[RecordView, AuditRecord | None]]) -> list[Finding]:
    """Links that are younger than their successors, unless a restore brought back both."""
    found = []
    for (view, record), (following, after) in pairwise(links):
        late = view.meta.created_at - following.meta.created_at
        if late < CLOCKS or (_is_restored(view, record) and _is_restored(following, after)):
            continue
        when = f"{view.meta.created_at:%Y-%m-%dT%H:%M:%SZ}"
        message = f"link {_number(view)} was created again at {when}, after its successor"
        found.append(finding("Edit", "cluster", _number(view), message))
    return found


def _is_restored(view: RecordView, record: AuditRecord | None) -> bool:
    return record is not None and view.meta.created_at - parse_time(record.time) > RESTORED
