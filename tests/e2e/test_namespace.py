"""A namespace deleted with everything in it ends, and the operator goes on elsewhere as if nothing were."""

import pytest

from sluice_operator.kinds import WATCHED
from support.attempts import running_train_pod
from support.node import PATIENCE_SECONDS
from support.nodestory import run_spec
from support.story import Story

pytestmark = pytest.mark.slow


def test_a_namespace_ends_with_everything_in_it(story: Story) -> None:
    node, space = story.node, story.space
    space.add(
        "TrainingRun",
        "endless",
        run_spec(space, steps=1_000_000, rerunPolicy="Always", preflight={"mode": "Open"}),
    )
    space.wait("training", lambda: bool(running_train_pod(space, "endless")), PATIENCE_SECONDS)
    assert [kind for kind in WATCHED if not space.list(kind)] == []
    operators = restarts(story)
    node.kube.kubectl("delete", "namespace", space.name, "--wait=false")
    path = f"/api/v1/namespaces/{space.name}"
    space.wait("the namespace's end", lambda: space.api.call("GET", path).code == 404, PATIENCE_SECONDS)
    assert restarts(story) == operators
    assert all(c["ready"] for pod in node.operators().values() for c in pod["status"]["containerStatuses"])


def restarts(story: Story) -> dict[str, list[int]]:
    """How often the operator's containers were started anew, by Pod."""
    return {
        name: [c["restartCount"] for c in pod["status"]["containerStatuses"]]
        for name, pod in story.node.operators().items()
    }
