"""Children go with their owner: nobody but controllers leaves them behind."""

from collections.abc import Callable

import pytest

from support.teamspace import Raw, Teamspace
from support.tricks import Trick, furnish, meets

TOGETHER = "is deleted together with its Jobs, slots and records"
LEAVE_OUT = "leave out the finalizer orphan"
ORPHAN, OLD_ORPHAN = {"propagationPolicy": "Orphan"}, {"orphanDependents": True}
FINALIZER: Raw = {"metadata": {"finalizers": ["orphan"]}}
BACKGROUND, FOREGROUND = {"propagationPolicy": "Background"}, {"propagationPolicy": "Foreground"}

TRICKS = [
    Trick("ada", "DELETE modeldeployments/live", ORPHAN, TOGETHER),
    Trick("ada", "DELETE modeldeployments/live", OLD_ORPHAN, TOGETHER),
    Trick("ada", "DELETE modeldeployments/live?propagationPolicy=Orphan", None, TOGETHER),
    Trick("ada", "DELETE modeldeployments?propagationPolicy=Orphan", None, TOGETHER),
    Trick("ada", "DELETE evalgates/gate", ORPHAN, TOGETHER),
    Trick("ada", "DELETE datasetpacks/gold", ORPHAN, TOGETHER),
    Trick("erin", "DELETE trainingruns/good", ORPHAN, TOGETHER),
    Trick("erin", "DELETE trainingruns", ORPHAN, TOGETHER),
    Trick("erin", "PATCH trainingruns/good", FINALIZER, LEAVE_OUT),
    Trick("argo", "DELETE modeldeployments/live", ORPHAN, TOGETHER),
    Trick("pat", "PATCH modeldeployments/live", FINALIZER, LEAVE_OUT),
    Trick("gail", "PATCH evalgates/gate", FINALIZER, LEAVE_OUT),
    # As GitOps tools, kubectl and clients without options prune.
    Trick("argo", "DELETE modeldeployments/live", FOREGROUND),
    Trick("argo", "DELETE trainingruns/good", BACKGROUND),
    Trick("argo", "DELETE trainingruns/good"),
    Trick("flux", "DELETE modeldeployments/live", BACKGROUND),
    Trick("flux", "PATCH modeldeployments/live", {"metadata": {"finalizers": ["example.com/mine"]}}),
    Trick("erin", "DELETE trainingruns/good", FOREGROUND),
    # Controllers set and take off finalizers of their own.
    Trick("generic-garbage-collector", "PATCH modeldeployments/live", FINALIZER),
    Trick("generic-garbage-collector", "DELETE trainingruns/good", ORPHAN),
    Trick("namespace-controller", "DELETE modeldeployments/live"),
]


@pytest.mark.parametrize("trick", TRICKS, ids=str)
def test_what_is_deleted_takes_its_children_along(attempt: Callable[[Trick], None], trick: Trick) -> None:
    attempt(trick)


def test_a_finalizer_from_before_the_policy_is_taken_off(new_space: Callable[[], Teamspace]) -> None:
    """Nothing is orphaned by it, and it may be removed."""
    space = new_space()
    furnish(space)
    space.patch("TrainingRun", "good", {"metadata": {"finalizers": ["orphan", "example.com/mine"]}})
    for trick in (
        Trick("erin", "DELETE trainingruns/good", None, "has the finalizer orphan"),
        Trick("erin", "DELETE trainingruns/good", BACKGROUND),
        Trick("erin", "PATCH trainingruns/good", {"metadata": {"labels": {"team": "a"}}}),
        Trick("erin", "PATCH trainingruns/good", {"metadata": {"finalizers": ["example.com/mine"]}}),
    ):
        meets(trick, space)
