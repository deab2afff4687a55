"""Who may edit everything in a namespace, and decide nothing, cannot change what it serves."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sluice_api import meta
from sluice_operator.kinds import WATCHED, Kind
from support.kubeapi import Answer
from support.quickstart import gate_spec, pack_spec
from support.teamspace import MERGE, Raw, Teamspace

Enter = Callable[[Teamspace, str], Teamspace]
EDITOR, PROMOTER = "erin", "pat"
OTHER_DIGEST = f"sha256:{'1' * 64}"


@pytest.fixture
def edited(town: Teamspace, as_user: Enter) -> Iterator[Teamspace]:
    """The namespace as the editor sees it; what it serves is the same afterwards."""
    before = served(town)
    yield as_user(town, EDITOR)
    after = served(town)
    # A decision of others may have added to the records; what stands in them stays.
    assert before.pop("records").items() <= after.pop("records").items()
    assert after == before


def served(town: Teamspace) -> Raw:
    """What decides who answers: the public Service, the slot behind it, and the records."""
    service = town.get("Service", "live")
    slot = town.get("AppsDeployment", service["spec"]["selector"][meta.LABEL_SLOT])
    return {
        "selector": service["spec"]["selector"],
        "transition": service["metadata"]["annotations"][meta.ANNOTATION_TRANSITION],
        "slot": slot["spec"],
        "records": {r["metadata"]["name"]: r["data"] for r in town.list("ControllerRevision")},
    }


def slot_name(space: Teamspace) -> str:
    return str(space.get("Service", "live")["spec"]["selector"][meta.LABEL_SLOT])


def patch(space: Teamspace, kind: Kind, name: str, body: Raw, subresource: str = "") -> Answer:
    return space.api.call("PATCH", WATCHED[kind].path(space.name, name, subresource), body, MERGE)


def create(space: Teamspace, kind: Kind, body: Raw) -> Answer:
    return space.api.call("POST", WATCHED[kind].path(space.name), body)


def annotate(space: Teamspace, kind: Kind, name: str, key: str, value: str | None) -> Answer:
    return patch(space, kind, name, {"metadata": {"annotations": {f"{meta.GROUP}/{key}": value}}})


def live_digest(space: Teamspace) -> str:
    return str(space.get("Deployment", "live")["status"]["active"]["digest"])


# Decisions


@pytest.mark.parametrize("key", ["promote", "rollback-to", "clear-rollback"])
def test_an_annotation_in_the_editors_own_name_needs_the_verb(edited: Teamspace, key: str) -> None:
    answer = annotate(edited, "Deployment", "live", key, f"{live_digest(edited)} 9.abcd {EDITOR}")
    assert answer.code == 403
    assert "sluice-promoter grants it" in answer.message


@pytest.mark.parametrize("key", ["promote", "rollback-to", "clear-rollback"])
def test_an_annotation_in_the_name_of_who_may_is_refused(edited: Teamspace, key: str) -> None:
    answer = annotate(edited, "Deployment", "live", key, f"{live_digest(edited)} 9.abcd {PROMOTER}")
    assert answer.code == 403
    assert f"who asks, {EDITOR}" in answer.message


def test_a_gate_is_not_approved_by_its_editor(edited: Teamspace) -> None:
    for name in (EDITOR, PROMOTER):
        value = f"{live_digest(edited)} 0123456789ab.abcd {name}"
        assert annotate(edited, "EvalGate", "gate", "approve", value).code == 403


def test_an_object_is_not_created_with_a_decision_or_a_pin(edited: Teamspace) -> None:
    spec = {"gateRef": {"name": "gate"}}
    body = {"apiVersion": meta.API_VERSION, "kind": "Deployment", "metadata": {"name": "second"}}
    asked = {"annotations": {f"{meta.GROUP}/promote": f"{live_digest(edited)} 0.abcd {EDITOR}"}}
    with_request = body | {"metadata": {"name": "second", **asked}, "spec": spec}
    assert create(edited, "Deployment", with_request).code == 403
    pinned = body | {"spec": spec | {"promotion": {"pin": live_digest(edited)}}}
    assert create(edited, "Deployment", pinned).code == 403


def test_a_pin_is_a_decision(edited: Teamspace) -> None:
    answer = patch(edited, "Deployment", "live", {"spec": {"promotion": {"pin": OTHER_DIGEST}}})
    assert answer.code == 403
    assert "is promoting" in answer.message


def test_the_rest_of_the_spec_is_the_editors(edited: Teamspace) -> None:
    answer = patch(edited, "Deployment", "live", {"spec": {"revisionHistoryLimit": 9}})
    assert answer.code == 200


def test_leaving_manual_is_a_decision_and_entering_it_is_none(edited: Teamspace, town: Teamspace) -> None:
    assert patch(edited, "Deployment", "live", {"spec": {"promotion": {"policy": "Manual"}}}).code == 200
    left = patch(edited, "Deployment", "live", {"spec": {"promotion": {"policy": "Automatic"}}})
    assert left.code == 403
    town.patch("Deployment", "live", {"spec": {"promotion": {"policy": "Automatic"}}})


def test_what_stands_is_carried_on_and_taken_away_by_anybody(edited: Teamspace, as_user: Enter) -> None:
    promoter = as_user(edited, PROMOTER)
    value = f"{OTHER_DIGEST} 0.abcd {PROMOTER}"
    assert annotate(promoter, "Deployment", "live", "clear-rollback", value).code == 200
    whole = edited.get("Deployment", "live")
    path = WATCHED["Deployment"].path(edited.name, "live")
    assert edited.api.call("PUT", path, whole).code in (200, 409)
    assert patch(edited, "Deployment", "live", {"metadata": {"labels": {"team": "a"}}}).code == 200
    assert annotate(edited, "Deployment", "live", "clear-rollback", f"{value} ").code == 422
    assert annotate(edited, "Deployment", "live", "clear-rollback", None).code == 200


# Status, records, labels


@pytest.mark.parametrize(
    ("kind", "name"),
    [("DatasetPack", "gold"), ("TrainingRun", "good"), ("EvalGate", "gate"), ("Deployment", "live")],
)
def test_no_status_is_written(edited: Teamspace, town: Teamspace, kind: Kind, name: str) -> None:
    body = {"status": {"phase": "Forged"}}
    # RBAC refuses already; whoever holds the sub-resource by a wildcard meets the policy.
    assert patch(edited, kind, name, body, "status").code == 403
    grant(town, EDITOR, ["*"], ["*"], ["*"])
    answer = patch(edited, kind, name, body, "status")
    revoke(town)
    assert answer.code == 403
    assert "is not written by people" in answer.message


def grant(town: Teamspace, user: str, groups: list[str], resources: list[str], verbs: list[str]) -> None:
    """Give a user a Role of its own, and wait until it holds."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{town.name}"
    rules = [{"apiGroups": groups, "resources": resources, "verbs": verbs}]
    town.api.call("POST", f"{rbac}/roles", {"metadata": {"name": "extra"}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "extra"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
    body = {"metadata": {"name": "extra"}, "roleRef": reference, "subjects": subjects}
    assert town.api.call("POST", f"{rbac}/rolebindings", body).code == 201
    attributes = {"namespace": town.name, "verb": "patch", "group": meta.GROUP, "resource": "x"}
    review = {"spec": {"user": user, "resourceAttributes": attributes}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    town.wait("the role", lambda: town.api.call("POST", path, review).body["status"]["allowed"])


def revoke(town: Teamspace) -> None:
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{town.name}"
    assert town.api.call("DELETE", f"{rbac}/rolebindings/extra").code == 200
    assert town.api.call("DELETE", f"{rbac}/roles/extra").code == 200


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
    grant(town, EDITOR, ["*"], ["*"], ["*"])
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


# What runs


def test_a_slot_is_neither_changed_nor_scaled_nor_deleted(edited: Teamspace) -> None:
    slot = slot_name(edited)
    container = {"name": "engine", "image": "mine:latest"}
    strategic = "application/strategic-merge-patch+json"
    path = WATCHED["AppsDeployment"].path(edited.name, slot)
    image = {"spec": {"template": {"spec": {"containers": [container]}}}}
    answers = [
        edited.api.call("PATCH", path, image, strategic),
        patch(edited, "AppsDeployment", slot, {"spec": {"replicas": 0}}),
        patch(edited, "AppsDeployment", slot, {"spec": {"replicas": 0}}, "scale"),
        patch(edited, "AppsDeployment", slot, {"metadata": {"labels": {meta.LABEL_MANAGED_BY: None}}}),
        edited.api.call("DELETE", path),
        edited.api.call("DELETE", WATCHED["AppsDeployment"].path(edited.name)),
    ]
    assert [a.code for a in answers] == [403] * len(answers)
    assert "spec.replicas of its Deployment" in answers[2].message


def test_a_replicaset_of_a_slot_is_left_alone(edited: Teamspace) -> None:
    path = f"/apis/apps/v1/namespaces/{edited.name}/replicasets"
    owned = [
        r["metadata"]["name"]
        for r in edited.api.call("GET", path).body["items"]
        if r["metadata"]["labels"].get(meta.LABEL_SLOT) == slot_name(edited)
    ]
    assert owned
    for name in owned:
        assert edited.api.call("PATCH", f"{path}/{name}", {"spec": {"replicas": 0}}, MERGE).code == 403
        scale = f"{path}/{name}/scale"
        assert edited.api.call("PATCH", scale, {"spec": {"replicas": 0}}, MERGE).code == 403


def test_the_public_service_is_left_alone(edited: Teamspace, town: Teamspace) -> None:
    """An old transition number above all: a saved Service, applied again, leads to an old slot."""
    old = {"metadata": {"annotations": {meta.ANNOTATION_TRANSITION: "1"}}}
    selector = {"spec": {"selector": {meta.LABEL_SLOT: "live-00000000"}}}
    path = WATCHED["Service"].path(edited.name, "live")
    saved = town.get("Service", "live")
    saved["spec"]["selector"] = selector["spec"]["selector"]
    answers = [
        patch(edited, "Service", "live", old | selector),
        patch(edited, "Service", "live", old),
        patch(edited, "Service", "live", selector),
        patch(edited, "Service", "live", {"metadata": {"labels": None}}),
        edited.api.call("PUT", path, saved),
        edited.api.call("DELETE", path),
        edited.api.call("DELETE", WATCHED["Service"].path(edited.name)),
    ]
    assert [a.code for a in answers] == [403] * len(answers)


def labelled_pod(town: Teamspace) -> Raw:
    labels = {meta.LABEL_SLOT: slot_name(town), meta.LABEL_OWNER: "live"}
    container = {"name": "engine", "image": "mine:latest", "ports": [{"name": "http", "containerPort": 8000}]}
    return {"metadata": {"labels": labels | {"app": "x"}}, "spec": {"containers": [container]}}


def test_no_pod_joins_the_slot_behind_the_service(edited: Teamspace, town: Teamspace) -> None:
    pod = labelled_pod(town)
    named = {"apiVersion": "v1", "kind": "Pod", **pod, "metadata": pod["metadata"] | {"name": "mine"}}
    assert create(edited, "Pod", named).code == 403
    plain = named | {"metadata": {"name": "mine"}}
    assert create(edited, "Pod", plain).code == 201
    assert patch(edited, "Pod", "mine", {"metadata": pod["metadata"]}).code == 403
    edited.delete("Pod", "mine")


def workload(kind: str, template: Raw, **spec: Any) -> Raw:
    group = {"Job": "batch/v1", "CronJob": "batch/v1", "ReplicationController": "v1"}.get(kind, "apps/v1")
    selector = {"selector": {"matchLabels": {"app": "x"}}} if group == "apps/v1" else {}
    body = {"template": template, **selector, **spec}
    if kind == "CronJob":
        body = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "mine"}, "spec": body}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Deployment", "/apis/apps/v1/namespaces/{}/deployments"),
        ("ReplicaSet", "/apis/apps/v1/namespaces/{}/replicasets"),
        ("StatefulSet", "/apis/apps/v1/namespaces/{}/statefulsets"),
        ("DaemonSet", "/apis/apps/v1/namespaces/{}/daemonsets"),
        ("ReplicationController", "/api/v1/namespaces/{}/replicationcontrollers"),
        ("Job", "/apis/batch/v1/namespaces/{}/jobs"),
        ("CronJob", "/apis/batch/v1/namespaces/{}/cronjobs"),
    ],
)
def test_no_system_controller_is_made_to_do_it(
    edited: Teamspace, town: Teamspace, kind: str, path: str
) -> None:
    """A workload without our labels, whose Pods would carry them."""
    template = labelled_pod(town)
    if "Job" in kind:
        template["spec"]["restartPolicy"] = "Never"
    where = path.format(edited.name)
    answer = edited.api.call("POST", where, workload(kind, template))
    assert answer.code == 403, answer
    assert "carries labels of Sluice" in answer.message
    innocent = template | {"metadata": {"labels": {"app": "x"}}}
    made = edited.api.call("POST", f"{where}?dryRun=All", workload(kind, innocent))
    assert made.code == 201, made


def test_pods_are_not_touched_but_for_notes(edited: Teamspace, town: Teamspace) -> None:
    pod = next(p for p in town.list("Pod") if p["metadata"]["labels"].get(meta.LABEL_SLOT) == slot_name(town))
    name = pod["metadata"]["name"]
    note = {"metadata": {"annotations": {"network.example/address": "10.0.0.1"}}}
    assert patch(edited, "Pod", name, note).code == 200
    own = {"metadata": {"annotations": {meta.ANNOTATION_DIGEST: OTHER_DIGEST}}}
    answers = [
        patch(edited, "Pod", name, own),
        patch(edited, "Pod", name, {"metadata": {"annotations": {f"{meta.GROUP}/new": "x"}}}),
        patch(edited, "Pod", name, {"metadata": {"labels": {meta.LABEL_SLOT: None}}}),
        patch(edited, "Pod", name, {"spec": {"activeDeadlineSeconds": 1}}),
        edited.api.call("DELETE", WATCHED["Pod"].path(edited.name, name)),
    ]
    assert [a.code for a in answers] == [403] * len(answers)


def test_no_pod_is_entered(edited: Teamspace, town: Teamspace) -> None:
    """Admission sees a name and no labels: the names that our objects give are refused, others are not."""
    grant(town, EDITOR, ["*"], ["*"], ["*"])
    pods = [p["metadata"]["name"] for p in town.list("Pod")]
    mine = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mine-4f2d9c1b-5kqxz"}}
    spec = {"containers": [{"name": "c", "image": "mine"}]}
    assert create(edited, "Pod", mine | {"spec": spec}).code == 201
    debug = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "mine"}]}}
    entered = {
        (name, how): edited.api.call(
            "POST", WATCHED["Pod"].path(edited.name, name, how) + "?command=sh&stdout=true"
        )
        for name in pods
        for how in ("exec", "attach")
    }
    added = [patch(edited, "Pod", name, debug, "ephemeralcontainers") for name in pods]
    own = edited.api.call(
        "POST", WATCHED["Pod"].path(edited.name, mine["metadata"]["name"], "exec") + "?command=sh"
    )
    edited.delete("Pod", "mine-4f2d9c1b-5kqxz")
    revoke(town)
    assert len({p for p, _ in entered}) > 5
    assert {p: a.code for p, a in entered.items()} == dict.fromkeys(entered, 403)
    assert [a.code for a in added] == [403] * len(added)
    assert own.code != 403


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        (f"{'p' * 40}-evaluate-0a1b2c3d-1-x7k2q"[:58] + "x7k2q", True),
        (f"{'p' * 40}-judge-0a1b2c3d-1-x7k2q", True),
        (f"{'p' * 40}-0a1b2c3d-6f7c9d8b54-x7k2q"[:58] + "x7k2q", True),
        (f"{'p' * 40}-x7k2q", False),
        (f"{'p' * 40}-worker-6f7c9d8b54-x7k2q", False),
        (f"{'p' * 39}-0a1b2c3d-6f7c9d8b54-x7k2q", False),
    ],
)
def test_a_pod_is_known_by_its_name_however_long(
    edited: Teamspace, town: Teamspace, name: str, is_refused: bool
) -> None:
    if town.find("DatasetPack", "p" * 40) is None:
        town.add("DatasetPack", "p" * 40, pack_spec("x") | {"suspend": True})
        path = WATCHED["Pod"].path(town.name, f"{'p' * 40}-pack-0a1b2c3d-1-x7k2q", "exec")
        town.wait("the policy", lambda: edited.api.call("POST", path).code == 403)
    answer = edited.api.call("POST", WATCHED["Pod"].path(edited.name, name, "exec"))
    assert answer.code == (403 if is_refused else 404)


def test_a_pod_may_be_reached_and_evicted(edited: Teamspace, town: Teamspace) -> None:
    """A port leads where any client may go, and a node must be drained; neither changes what is served."""
    slot = slot_name(town)
    pod = next(p for p in town.list("Pod") if p["metadata"]["labels"].get(meta.LABEL_SLOT) == slot)
    path = WATCHED["Pod"].path(edited.name, pod["metadata"]["name"])
    assert edited.api.call("POST", f"{path}/portforward").code != 403
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["metadata"]["name"]}}
    assert edited.api.call("POST", f"{path}/eviction?dryRun=All", body).code == 201


# Names


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
