"""Contamination: suite items whose prompt the candidate was trained on, and what the gate's policy does.

Exact contamination differs in Unicode composition and white space alone; near contamination in case, width,
invisible signs and punctuation as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sluice_api.contamination import ContaminationPolicy
from sluice_api.contracts.reports import ContaminationLine
from sluice_api.contracts.requests import JudgeRequest
from sluice_trainer.data.prompts import Item
from sluice_trainer.evals.results import SuiteResults


@dataclass(frozen=True)
class Policies:
    """What a gate does about either form."""

    exact: ContaminationPolicy = "Block"
    near: ContaminationPolicy = "Report"


@dataclass(frozen=True)
class Overlap:
    """Items of one suite that stand in a training pack."""

    suite: str
    items: int
    """Items that the suite asks, shared ones included."""
    exact: tuple[str, ...] = ()
    """Ids of items that were trained on as they are."""
    near: tuple[str, ...] = ()
    """Ids of the others that were trained on in another spelling."""

    def under(self, policies: Policies, policy: ContaminationPolicy) -> tuple[str, ...]:
        """Items that this policy is for."""
        exact = self.exact if policies.exact == policy else ()
        return exact + (self.near if policies.near == policy else ())


def policies_of(request: JudgeRequest) -> Policies:
    """Policies of a request."""
    return Policies(request.contamination, request.near_contamination)


def overlap(suite: str, asked: Sequence[str], exact: Iterable[Item], near: Iterable[Item]) -> Overlap:
    """The items of a suite that were found, in the order of the suite; exact outweighs near."""
    certain = {item.id for item in exact if item.pack == suite}
    alike = {item.id for item in near if item.pack == suite} - certain
    return Overlap(
        suite,
        len(asked),
        tuple(item for item in asked if item in certain),
        tuple(item for item in asked if item in alike),
    )


def complaint(overlaps: Sequence[Overlap], policies: Policies) -> str | None:
    """What blocks the candidate, in one sentence; None when nothing does."""
    found = [(o, blocking) for o in overlaps if (blocking := o.under(policies, "Block"))]
    if not found:
        return None
    parts = ", ".join(f"{len(ids):,} of {o.items:,} prompts of suite {o.suite}" for o, ids in found)
    return f"{parts} stand in a training pack, such as item {found[0][1][0]}"


def counts(overlaps: Sequence[Overlap], policies: Policies) -> ContaminationLine | None:
    """The sums over all suites; None when nothing was compared."""
    if not overlaps:
        return None
    return ContaminationLine(
        items=sum(o.items for o in overlaps),
        exact=sum(len(o.exact) for o in overlaps),
        near=sum(len(o.near) for o in overlaps),
        excluded=sum(len(o.under(policies, "Exclude")) for o in overlaps),
    )


def without(results: SuiteResults, excluded: Sequence[str]) -> SuiteResults:
    """Results of the items that are left."""
    gone = frozenset(excluded)
    return replace(
        results,
        items=tuple(item for item in results.items if item.id not in gone),
        asked=tuple(item for item in results.asked if item not in gone),
        excluded=len(gone),
    )
