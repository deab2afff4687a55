"""Who may edit everything in a namespace forges no status and no record, and takes no name of ours."""

import pytest

from sluice_api import meta
from sluice_operator.kinds import WATCHED, Kind
from support.asked import GATEKEEPER, OTHER_DIGEST, create, grant, patch, revoke
from support.quickstart import gate_spec
from support.teamspace import Teamspace


@pytest.mark.parametrize(
    ("kind", "name"),
    [("DatasetPack", "gold"), ("TrainingRun", "good"), ("EvalGate", "gate"), ("Deployment", "live")],
)
def test_no_status_is_written(edited: Teamspace, town: Teamspace, kind: Kind, name: str) -> None:
    body = {"status": {"phase": "Forged"}}
    # RBAC refuses already; whoever holds the sub-resource by a wildcard meets the policy.
    assert patch(edited, kind, name, body, "status").code == 403
    grant(town, GATEKEEPER, ["*"], ["*"], ["*"])
    answer = patch(edited, kind, name, body, "status")
    revoke(town)
    assert answer.code == 403
    assert "is not written by people" in answer.message


def test_no_record_is_written(edited: Teamspace, town: Teamspace) -> None:
    """The built-in edit role may not write ControllerRevisions; whoever may meets the policy."""
    verdict = next(r for r in town.list("ControllerRevision") if r["data"]["record"] == "verdict")
    labels, name = verdict["metadata"]["labels"], verdict["metadata"]["name"]
    forged = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {"name": "forged", "labels": labels},
        "revision": 1,
        "data": verdict["data"] | {"digest": OTHER_DIGEST},
    }
    path = WATCHED["ControllerRevision"].path(edited.name)
    attempts = (
        lambda: create(edited, "ControllerRevision", forged),
        lambda: edited.api.call("PUT", f"{path}/{name}", verdict | {"revision": 7}),
        lambda: edited.api.call("PUT", f"{path}/{name}", verdict | {"metadata": {"name": name}}),
        lambda: edited.api.call("DELETE", f"{path}/{name}"),
        lambda: edited.api.call("DELETE", path),
    )
    assert [a().code for a in attempts] == [403] * len(attempts)
    grant(town, GATEKEEPER, ["*"], ["*"], ["*"])
    answers = [a() for a in attempts]
    # Without labels it is anybody's, and nobody reads it; labels cannot be added later.
    bare = forged | {"metadata": {"name": "bare"}}
    assert create(edited, "ControllerRevision", bare).code == 201
    labelled = edited.api.call("PUT", f"{path}/bare", bare | {"metadata": {"name": "bare", "labels": labels}})
    edited.delete("ControllerRevision", "bare")
    revoke(town)
    # Data never changes, not even in its spaces: some edits fail before any policy is asked.
    assert {a.code for a in answers} <= {403, 422}
    assert [answers[n].code for n in (0, 3, 4)] == [403] * 3
    assert not [a.message for a in answers if "failed expression" in a.message]
    assert labelled.code in (403, 422)


def test_a_job_under_a_name_of_ours_is_not_taken_for_ours(edited: Teamspace, town: Teamspace) -> None:
    """It has every annotation that the operator compares, but no labels, which the policy would refuse."""
    gate = gate_spec(candidates={"trainingRunRef": {"name": "good"}})
    edited.add("EvalGate", "squat", gate)
    town.wait_condition("EvalGate", "squat", "Ready")
    wanted = next(j for j in town.list("Job") if j["metadata"]["name"].startswith("squat-evaluate-"))
    edited.delete("EvalGate", "squat")
    town.wait("its Job is gone", lambda: town.find("Job", wanted["metadata"]["name"]) is None)
    made = edited.add("EvalGate", "squat", gate | {"suspend": True})
    annotations = wanted["metadata"]["annotations"] | {meta.ANNOTATION_OWNER_UID: made["metadata"]["uid"]}
    container = {"name": "stage", "image": "mine"}
    spec = {"suspend": True, "template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}
    name = {"name": wanted["metadata"]["name"], "annotations": annotations}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": name, "spec": spec}
    labelled = body | {"metadata": name | {"labels": wanted["metadata"]["labels"]}}
    assert create(edited, "Job", labelled).code == 403
    assert create(edited, "Job", body).code == 201
    edited.patch("EvalGate", "squat", {"spec": {"suspend": False}})
    town.wait("it is told", lambda: "ChildConflict" in str(town.get("EvalGate", "squat")["status"]))
    assert "exists without our labels" in str(town.get("EvalGate", "squat")["status"])
    edited.delete("Job", name["name"])
    town.wait_condition("EvalGate", "squat", "Ready", seconds=90)


def test_a_configmap_under_a_name_of_ours_is_read_by_nobody(edited: Teamspace, town: Teamspace) -> None:
    """A request travels in its Job, so there is no second object that somebody could put beside it."""
    jobs = [j for j in town.list("Job") if meta.LABEL_OWNER in j["metadata"].get("labels", {})]
    volumes = [v for job in jobs for v in job["spec"]["template"]["spec"]["volumes"]]
    assert volumes
    assert not [v for v in volumes if "configMap" in v]
    path = f"/api/v1/namespaces/{edited.name}/configmaps"
    for job in jobs:
        made = {"metadata": {"name": job["metadata"]["name"]}, "data": {"request.json": "{}"}}
        assert edited.api.call("POST", path, made).code == 201
