"""Whether the criteria of a gate can be passed at all with the items that its suites have."""

from collections.abc import Mapping

from sluice_api.criteria import demand_of
from sluice_api.reach import reach_of
from sluice_operator.facts.gate import Policy


def unreachable(policy: Policy, numbers: Mapping[str, int] | None = None) -> str | None:
    """The first required criterion that no candidate could pass, in words; None when there is none.

    `numbers` says which candidate is judged on each suite, where all candidates share one error rate.
    """
    for criterion in policy.spec.criteria:
        number = (numbers or {}).get(criterion.suite)
        demand = demand_of(criterion, number)
        items = policy.items(criterion.suite)
        lost = policy.contradicting(criterion.suite, criterion.metric)
        reach = reach_of(demand, items, policy.packs[criterion.suite].labels, lost)
        if demand.required and not reach.ok:
            worn = f"of candidate {number:,} on suite {criterion.suite} " if number else ""
            message = f"{demand.words} {worn}needs {reach.told}; suite {criterion.suite} has {items}"
            return f"{message}. Fresh items begin at candidate 1" if (number or 1) > 1 else message
    return None
