"""What needs a kubelet: on the demo's cluster (or that of SLUICE_CLUSTER), in namespaces of our own.

Each file is about one promise; what they share is the small story in `e2e-live`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.node import PATIENCE_SECONDS, Node
from support.nodestory import MODEL, apply_story
from support.story import Story
from support.tinymodel import save_tiny

SPACES = (
    *("e2e-live", "e2e-kill", "e2e-lost", "e2e-input", "e2e-gpu", "e2e-drift"),
    *("e2e-outage", "e2e-outage-train", "e2e-outage-all", "e2e-decoding"),
)
ORDER = (
    *("resume", "lost", "outage", "input", "gpu", "kubectl", "telemetry"),
    *("adoption", "status", "damage", "drift", "decoding", "helm", "pods", "idle", "namespace"),
)
"""What needs no endpoint goes first, while the endpoint starts; what needs peace goes last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files of this folder, and give their tests the time that a busy node takes."""
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    places = iter([index for index, item in enumerate(items) if item in here])
    for item in sorted(here, key=lambda item: ORDER.index(item.path.stem.removeprefix("test_"))):
        item.add_marker(pytest.mark.timeout(3 * PATIENCE_SECONDS))
        items[next(places)] = item


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / MODEL, heads=2)


@pytest.fixture(scope="session")
def begun(model: Path) -> Iterator[Story]:
    """The story, applied before the first test, so that it goes on while others run."""
    node = Node.require()
    node.drop_spaces(SPACES, wait=True)
    node.allow(SPACES)
    space = node.make_space("e2e-live")
    node.import_model(space.name, model, MODEL)
    apply_story(space)
    yield Story(node, space)
    node.drop_spaces(SPACES, wait=False)


@pytest.fixture(scope="session")
def node(begun: Story) -> Node:
    """The cluster, while the story goes on."""
    return begun.node


@pytest.fixture(scope="session")
def story(begun: Story) -> Story:
    """The story once its endpoint serves."""
    begun.space.wait_condition("Deployment", "live", "Ready", seconds=2 * PATIENCE_SECONDS)
    return begun
