"""Status is output: without it, and without the finished Jobs, the same comes back and nothing is started."""

import time
from typing import Any

from sluice_operator.kinds import Kind
from support.node import PATIENCE_SECONDS
from support.story import Story
from support.teamspace import Teamspace

OBJECTS: tuple[tuple[Kind, str], ...] = (
    ("DatasetPack", "train"),
    ("DatasetPack", "gold"),
    ("TrainingRun", "first"),
    ("EvalGate", "gate"),
    ("Deployment", "live"),
)
STILL_SECONDS = 10


def lasting(value: Any) -> Any:
    """A status without the times of its conditions."""
    if isinstance(value, dict):
        return {key: lasting(part) for key, part in value.items() if key != "lastTransitionTime"}
    return [lasting(part) for part in value] if isinstance(value, list) else value


def is_archived(space: Teamspace) -> bool:
    """Whether the newest link of the audit chain is archived, so that the status rests."""
    audit = space.get("Deployment", "live")["status"].get("audit", {})
    return audit.get("sequence", 0) > 0 and audit.get("archivedSequence") == audit["sequence"]


def test_deleted_status_and_jobs_bring_the_same_status_back_and_no_job(story: Story) -> None:
    space = story.space

    def told() -> dict[str, Any]:
        return {f"{k}/{n}": lasting(space.get(k, n).get("status", {})) for k, n in OBJECTS}

    space.wait_condition("EvalGate", "gate", "Ready", seconds=PATIENCE_SECONDS)
    space.wait("the archive has all links", lambda: is_archived(space), PATIENCE_SECONDS)
    before = told()
    story.kubectl("delete", "jobs", "--all", "--wait")
    for kind, name in OBJECTS:
        space.patch(kind, name, {"status": None}, "status")
    space.wait("the same status", lambda: told() == before, PATIENCE_SECONDS)
    time.sleep(STILL_SECONDS)
    assert told() == before
    assert story.jobs() == set()
