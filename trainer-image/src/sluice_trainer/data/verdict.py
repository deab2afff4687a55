"""Whether rows make a pack: the rules that a user sets, and the ones that always hold."""

from sluice_api import reasons
from sluice_api.contracts.requests import PackRequest
from sluice_api.reasons import Reason
from sluice_trainer.data.build import Built
from sluice_trainer.data.naming import place

Refusal = tuple[Reason, str]
_MOST_SHOWN = 2
"""Codes whose first row is shown; the stored list has all."""


def refusal(request: PackRequest, built: Built) -> Refusal | None:
    """Why the pack is refused, or None. The most fundamental reason comes first."""
    return (
        _empty_source(request, built)
        or _contaminated(built)
        or _no_usable_rows(request, built)
        or _too_many_rejected(request, built)
        or _unusable_labels(built)
        or _too_few_rows(request, built)
    )


def _empty_source(request: PackRequest, built: Built) -> Refusal | None:
    empty = [s for s in request.sources if not built.read_per_source[s.name]]
    if not empty:
        return None
    named = ", ".join(place(s) for s in empty)
    return reasons.SOURCE_EMPTY, f"no rows in {named}, only blank lines or a header"


def _contaminated(built: Built) -> Refusal | None:
    blocking = [(name, p) for name, p in built.against.packs.items() if p.action == "Block" and p.rows]
    if not blocking:
        return None
    told = ", ".join(f"{p.exact} with {name} and {p.near} nearly" for name, p in blocking)
    return reasons.PACK_CONTAMINATED, f"rows share their prompt with evaluation packs: {told}"


def _no_usable_rows(request: PackRequest, built: Built) -> Refusal | None:
    if built.tally.accepted:
        return None
    read = built.tally.counts.read
    return reasons.NO_USABLE_ROWS, f"none of {read} rows is usable: {_codes(request, built)}"


def _too_many_rejected(request: PackRequest, built: Built) -> Refusal | None:
    faulty, read = built.tally.faulty, built.tally.counts.read
    allowed = request.validation.max_rejected_percent
    if faulty * 100 <= allowed * read:
        return None
    share = f"{faulty} of {read} rows were rejected ({100 * faulty / read:.1f} %)"
    return reasons.TOO_MANY_REJECTED, f"{share}, at most {allowed} % may be: {_codes(request, built)}"


def _unusable_labels(built: Built) -> Refusal | None:
    return None if built.labels_fault is None else (reasons.LABELS_UNUSABLE, built.labels_fault)


def _too_few_rows(request: PackRequest, built: Built) -> Refusal | None:
    accepted, wanted = built.tally.accepted, request.validation.min_rows
    if accepted >= wanted:
        return None
    told = f"{accepted} rows were accepted, at least {wanted} are demanded"
    return reasons.TOO_FEW_ROWS, f"{told}; left out: {_codes(request, built) or 'none'}"


def _codes(request: PackRequest, built: Built) -> str:
    """Each code with its count, and the first row of the most frequent ones."""
    files = {source.name: place(source) for source in request.sources}
    told = []
    for rank, (code, count) in enumerate(built.tally.ranked()):
        first = next(iter(built.tally.first.get(code, ())), None)
        where = f" (first: {files[first.source]}, line {first.line}: {first.detail})" if first else ""
        told.append(f"{code} {count}{where if rank < _MOST_SHOWN else ''}")
    return ", ".join(told)
