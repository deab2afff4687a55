"""Bad rows on a real node: each has a reason of its own, and counts; what is only late is waited for."""

import hashlib
from typing import Any

import pytest

from sluice_api import reasons
from support.node import PATIENCE_SECONDS, Node
from support.nodestory import add_file, pack_spec, rows
from support.teamspace import Teamspace

GOOD = rows("Say it, please, number", 4)
BAD: dict[str, tuple[str, dict[str, Any], reasons.Reason]] = {
    "wrong-digest": (GOOD, {"sha256": "0" * 64}, reasons.SOURCE_DIGEST_MISMATCH),
    "empty": ("", {}, reasons.SOURCE_EMPTY),
    "broken-lines": (GOOD + '{"messages": [\nno json\n', {}, reasons.TOO_MANY_REJECTED),
}
"""Name of the pack: its file, its spec, and the reason that it must get."""


@pytest.fixture(scope="module")
def space(node: Node) -> Teamspace:
    """All packs at once."""
    made = node.make_space("e2e-input")
    made.add("DatasetPack", "late", pack_spec("late"))
    for name, (text, spec, _) in BAD.items():
        add_file(made, name, text)
        made.add("DatasetPack", name, pack_spec(name, **spec))
    add_file(made, "right-digest", GOOD)
    digest = hashlib.sha256(GOOD.encode()).hexdigest()
    made.add("DatasetPack", "right-digest", pack_spec("right-digest", sha256=digest))
    return made


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_stall_the_pack_for_their_own_reason(space: Teamspace, name: str) -> None:
    space.wait_condition("DatasetPack", name, "Stalled", seconds=PATIENCE_SECONDS)
    stalled = space.condition("DatasetPack", name, "Stalled")
    assert stalled["reason"] == BAD[name][2].camel, stalled["message"]
    assert BAD[name][2].next_step in stalled["message"]
    assert "digest" not in space.get("DatasetPack", name)["status"]


def test_broken_lines_are_counted(space: Teamspace) -> None:
    space.wait_condition("DatasetPack", "broken-lines", "Finished", seconds=PATIENCE_SECONDS)
    status = space.get("DatasetPack", "broken-lines")["status"]
    assert status["rows"] == {"read": 6, "accepted": 4, "rejected": 2}
    assert sum(rejection["count"] for rejection in status["rejections"]) == 2


def test_the_right_digest_is_accepted(space: Teamspace) -> None:
    space.wait_condition("DatasetPack", "right-digest", "Ready", seconds=PATIENCE_SECONDS)


def test_a_missing_config_map_is_waited_for(space: Teamspace) -> None:
    space.wait(
        "the missing ConfigMap in the condition",
        lambda: (
            space.condition("DatasetPack", "late", "Ready").get("reason") == reasons.REFERENCE_NOT_FOUND.camel
        ),
        PATIENCE_SECONDS,
    )
    assert "ConfigMap late" in space.condition("DatasetPack", "late", "Ready")["message"]
    add_file(space, "late", GOOD)
    space.wait_condition("DatasetPack", "late", "Ready", seconds=PATIENCE_SECONDS)
