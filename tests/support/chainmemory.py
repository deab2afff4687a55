"""The audit chain replayed by a reading of the rules that shares no code with the planners."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sluice_api.records import AuditRecord

BACK = ("rollback-to", "health", "drift")


@dataclass(frozen=True)
class Stay:
    """A revision that traffic went to."""

    transition: int
    slot: str
    revision: int
    digest: str
    cause: str = ""


@dataclass(frozen=True)
class Memory:
    """The chain, replayed."""

    live: Stay | None = None
    history: tuple[Stay, ...] = ()
    """Newest first; repairs are not in it."""
    refused: frozenset[tuple[str, int | None]] = frozenset()
    rejected: frozenset[tuple[str, int]] = frozenset()
    intent: AuditRecord | None = None
    spent_at: int = 0
    held: bool = False
    pin_seen: str | None = None

    def refuses(self, digest: str, revision: int) -> bool:
        """Whether a revision may not come back by itself."""
        return (digest, None) in self.refused or (digest, revision) in self.refused


def follow(before: Memory, link: AuditRecord, made: Mapping[int, str]) -> Memory:
    """Memory after one more link. `made` says when the artifact of each revision was made."""
    now = replace(before, spent_at=link.sequence) if _spends(link) else before
    match link.phase:
        case "intended":
            now = replace(now, intent=link)
        case "abandoned":
            now = replace(now, intent=None)
        case "done":
            now = replace(_arrive(now, link, made), intent=None)
        case "rejected" if link.digest and link.revision:
            now = replace(now, rejected=now.rejected | {(link.digest, link.revision)})
        case "pinned":
            now = replace(_forgive(now, link.digest), pin_seen=link.digest)
        case "spent" if (link.cause, link.reason) == ("clear-rollback", "request_done"):
            now = _forgive(now, link.digest)
        case "held" | "released":
            now = replace(now, held=link.phase == "held")
        case "inherited":
            now = replace(now, refused=frozenset((r.digest, r.revision) for r in link.fold.refused))
    return now


def _spends(link: AuditRecord) -> bool:
    return link.request is not None and link.phase in ("done", "rejected", "spent")


def _forgive(now: Memory, digest: str | None) -> Memory:
    refused = frozenset(r for r in now.refused if r[0] != digest)
    kept = frozenset(r for r in now.rejected if r[0] != digest)
    return replace(now, refused=refused, rejected=kept)


def _arrive(now: Memory, link: AuditRecord, made: Mapping[int, str]) -> Memory:
    opened = now.intent
    if opened is None or opened.slot is None or opened.digest is None or opened.revision is None:
        return now
    stay = Stay(opened.sequence, opened.slot, opened.revision, opened.digest, opened.cause)
    if opened.cause == "repair":
        return replace(now, live=stay)
    passed = _passed_over(now, stay)
    if opened.cause in ("promote", "pin"):
        now = _forgive(now, opened.digest)
    if opened.cause in BACK:
        now = replace(now, refused=now.refused | passed)
    if opened.cause == "promote":
        newer = {s.digest for s in now.history if made.get(s.revision, "") > made.get(stay.revision, "")}
        now = replace(now, refused=now.refused | {(d, r) for d, r in passed if d in newer})
    kept = frozenset(r for r in now.rejected if r[1] != stay.revision)
    now = replace(now, rejected=kept)
    return replace(now, live=stay, history=(stay, *now.history), held=False)


def _passed_over(now: Memory, target: Stay) -> frozenset[tuple[str, int | None]]:
    """What was promoted since the target was last live."""
    passed: set[tuple[str, int | None]] = set()
    for stay in now.history:
        if stay.slot == target.slot:
            break
        passed.add((stay.digest, stay.revision if stay.digest == target.digest else None))
    return frozenset(passed)
