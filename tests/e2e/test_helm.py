"""What an administrator does to the installation never stops what is live: its clients ask all the time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sluice_api import meta
from sluice_demo import install
from sluice_demo.probe import Probe
from support.node import PATIENCE_SECONDS
from support.nodestory import add_file, pack_spec, rows
from support.story import Story

pytestmark = pytest.mark.slow

ALONE_SECONDS = 10


@contextmanager
def asked_all_the_time(story: Story) -> Iterator[None]:
    """A client of the live endpoint, none of whose questions may stay without an answer."""
    probe = Probe(story.url, "live", every_seconds=0.5)
    probe.start()
    try:
        yield
    finally:
        probe.stop()
    assert probe.asked > 0
    assert probe.errors == []


def served(story: Story) -> Any:
    """What serves, and how it came to: slots, their Pods with restarts, the Service, the chain's head."""
    space = story.space
    slots = {s["metadata"]["uid"]: s["metadata"]["generation"] for s in space.list("AppsDeployment")}
    pods = {
        p["metadata"]["uid"]: [c["restartCount"] for c in p["status"]["containerStatuses"]]
        for p in space.list("Pod")
        if meta.LABEL_SLOT in p["metadata"]["labels"]
    }
    service = space.get("Service", "live")
    head = space.get("Deployment", "live")["status"]["audit"]["headHash"]
    return slots, pods, service["metadata"]["uid"], service["spec"]["selector"], story.digest, head


def packs_rows(story: Story, name: str) -> None:
    """The operator works: it makes a pack, with one Job."""
    space = story.space
    add_file(space, name, rows("Say it, please, number", 4))
    space.add("DatasetPack", name, pack_spec(name))
    space.wait_condition("DatasetPack", name, "Ready", seconds=PATIENCE_SECONDS)
    jobs = [j for j in space.list("Job") if j["metadata"]["labels"][meta.LABEL_OWNER] == name]
    assert len(jobs) == 1


def test_live_slots_serve_without_the_chart_and_are_taken_up_again(story: Story) -> None:
    node, space = story.node, story.space
    before, jobs, values = served(story), story.jobs(), node.values()
    assert node.operators()
    with asked_all_the_time(story):
        node.uninstall()
        try:
            space.wait("no operator", lambda: not node.operators())
            time.sleep(ALONE_SECONDS)
        finally:
            node.upgrade(values)
        packs_rows(story, "after-install")
        space.wait_condition("Deployment", "live", "Ready")
    assert served(story) == before
    assert jobs <= story.jobs(), "nothing was lost"
    names = [j["metadata"]["labels"][meta.LABEL_OWNER] for j in space.list("Job")]
    assert len(story.jobs() - jobs) == names.count("after-install") == 1


def test_a_standby_takes_over_from_a_leader_that_dies(story: Story) -> None:
    node, space = story.node, story.space
    before, values = served(story), node.values()
    with asked_all_the_time(story):
        node.upgrade(values | {"replicas": 2})
        try:
            space.wait("a leader", lambda: node.leader() in node.operators(), PATIENCE_SECONDS)
            first = node.leader()
            assert len(node.operators()) == 2
            kill = ("--grace-period=0", "--force")
            node.kube.kubectl("delete", "pod", first, "-n", install.SYSTEM, *kill)
            space.wait("another leader", lambda: node.leader() not in ("", first), PATIENCE_SECONDS)
            packs_rows(story, "after-failover")
        finally:
            node.upgrade(values)
        space.wait("one operator", lambda: list(node.operators()) == [node.leader()], PATIENCE_SECONDS)
    assert served(story) == before
