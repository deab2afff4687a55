"""The operator with planners that raise for any object whose label `poison` is set."""

import os
from collections.abc import Callable
from functools import partial

from sluice_operator.__main__ import main
from sluice_operator.model import Observed, Plan
from sluice_operator.plans import PLANNERS


def poisoned(planner: Callable[[Observed], Plan], observed: Observed) -> Plan:
    if "poison" in observed.me.resource.meta.labels:
        raise RuntimeError("poison")
    return planner(observed)


if __name__ == "__main__":
    os._exit(main(planners={kind: partial(poisoned, planner) for kind, planner in PLANNERS.items()}))
