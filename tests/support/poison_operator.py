"""The operator with planners that raise for any object whose label `poison` is set."""

from collections.abc import Callable, Sequence
from functools import partial

from sluice_operator import __main__ as operator
from sluice_operator.model import Observed, Plan
from sluice_operator.plans import PLANNERS


def poisoned(planner: Callable[[Observed], Plan], observed: Observed) -> Plan:
    if "poison" in observed.me.resource.meta.labels:
        raise RuntimeError("poison")
    return planner(observed)


def main(argv: Sequence[str]) -> int:
    return operator.main(argv, {kind: partial(poisoned, planner) for kind, planner in PLANNERS.items()})
