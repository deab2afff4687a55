"""Deleting and re-creating a run trains nothing, and a second field manager changes nothing."""

import json
import time

from sluice_api import meta
from support.story import Story
from support.teamspace import Raw

ADOPTION_SECONDS = 60
STILL_SECONDS = 5


def copy_of(found: Raw) -> str:
    """The object as Git has it."""
    metadata = {key: found["metadata"].get(key) for key in ("name", "namespace", "labels")}
    kept = {"apiVersion": meta.API_VERSION, "kind": found["kind"], "metadata": metadata}
    return json.dumps(kept | {"spec": found["spec"]})


def test_a_deleted_and_re_applied_run_is_adopted_within_a_minute(story: Story) -> None:
    before, live = story.space.get("TrainingRun", "first"), story.digest
    story.kubectl("delete", "trainingrun/first", "--wait")
    story.kubectl("apply", "-f", "-", stdin=copy_of(before))
    story.space.wait_condition("TrainingRun", "first", "Finished", seconds=ADOPTION_SECONDS)
    after = story.space.get("TrainingRun", "first")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["status"]["artifact"]["adopted"] is True
    assert after["status"]["artifact"]["digest"] == before["status"]["artifact"]["digest"]
    owned = [j for j in story.space.list("Job") if j["metadata"]["labels"][meta.LABEL_OWNER] == "first"]
    stages = {j["metadata"]["labels"][meta.LABEL_STAGE] for j in owned}
    assert stages == {"prepare"}
    assert story.digest == live


def test_a_second_field_manager_changes_nothing(story: Story) -> None:
    jobs = story.jobs()
    for kind, name in (("TrainingRun", "first"), ("Deployment", "live")):
        before = story.space.get(kind, name)
        manifest = copy_of(before)
        story.kubectl(
            "apply", "--server-side", "--field-manager=argocd-controller", "-f", "-", stdin=manifest
        )
        time.sleep(STILL_SECONDS)
        after = story.space.get(kind, name)
        assert after["metadata"]["generation"] == before["metadata"]["generation"]
        assert after["spec"] == before["spec"]
        assert after["status"] == before["status"]
    assert story.jobs() == jobs
