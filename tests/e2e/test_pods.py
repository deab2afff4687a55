"""Every Pod of ours runs under the restricted standard, without a warning."""

import json

import pytest

from sluice_localcluster.errors import LocalClusterError
from support.story import Story

ENFORCED = "pod-security.kubernetes.io/enforce-policy"
VIOLATIONS = "pod-security.kubernetes.io/audit-violations"


def test_the_restricted_standard_finds_nothing_in_what_we_create(story: Story) -> None:
    lines = (json.loads(line) for line in story.node.audit_log.read_text().splitlines())
    ours = [x for x in lines if x.get("objectRef", {}).get("namespace", "").startswith("e2e-")]
    notes = [x.get("annotations", {}) for x in ours if x["verb"] == "create"]
    # The controllers' templates are looked at as well as the Pods that come of them.
    assert sum(note.get(ENFORCED) == "restricted:latest" for note in notes) >= 10
    assert [note[VIOLATIONS] for note in notes if VIOLATIONS in note] == []


def test_the_standard_is_really_enforced_here(story: Story) -> None:
    with pytest.raises(LocalClusterError, match='violates PodSecurity "restricted:latest"'):
        story.kubectl("run", "loose", "--image=pause", "--dry-run=server")
