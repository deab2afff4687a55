"""Once everything settled, the operator writes its Lease and nothing else."""

import time

import pytest

from support.audit import Change, changes
from support.node import OPERATOR
from support.story import Story

CALM_SECONDS = 10
CALM_WITHIN_SECONDS = 180
MINUTE, FIVE_MINUTES = 60, 300


def writes_in(story: Story, seconds: float) -> list[Change]:
    """What the operator writes from now on, its Lease apart."""
    before = len(changes(story.node.audit_log, OPERATOR))
    time.sleep(seconds)
    later = changes(story.node.audit_log, OPERATOR)[before:]
    assert later, "the operator does not even renew its Lease"
    return [change for change in later if change.resource != "leases"]


@pytest.mark.parametrize("seconds", [MINUTE, pytest.param(FIVE_MINUTES, marks=pytest.mark.slow)])
def test_idle_time_has_no_write_but_the_lease(story: Story, seconds: int) -> None:
    deadline = time.monotonic() + CALM_WITHIN_SECONDS
    while writes_in(story, CALM_SECONDS):
        assert time.monotonic() < deadline, "the operator does not come to rest"
    assert writes_in(story, seconds) == []
