"""Who may edit everything in a namespace changes no slot, and puts no Pod behind the Service."""

from typing import Any

import pytest

from sluice_api import meta
from sluice_operator.kinds import WATCHED
from support.asked import GATEKEEPER, OTHER_DIGEST, create, grant, patch, revoke, slot_name
from support.teamspace import MERGE, Raw, Teamspace


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
    """Pods of ours are refused; one of somebody else is not, though its name is as ours are."""
    grant(town, GATEKEEPER, ["*"], ["*"], ["*"])
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


@pytest.mark.parametrize("name", [f"{'p' * 40}-evaluate-0a1b2c3d-1-x7k2q"[:58] + "x7k2q", "short"])
def test_a_pod_is_known_by_its_labels_whatever_its_name_and_owner(
    edited: Teamspace, town: Teamspace, name: str
) -> None:
    """Its owner may be gone: what it holds of the team's credentials and of a verdict is not."""
    labels = {
        meta.LABEL_MANAGED_BY: meta.MANAGED_BY,
        meta.LABEL_OWNER_KIND: "TrainingRun",
        meta.LABEL_OWNER: "gone",
    }
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}}
    spec = {"containers": [{"name": "c", "image": "ours"}]}
    assert create(town, "Pod", body | {"spec": spec}).code == 201
    path = WATCHED["Pod"].path(town.name, name, "exec")
    town.wait("the policy", lambda: edited.api.call("POST", path).code == 403)
    assert "works for TrainingRun gone" in edited.api.call("POST", path).message
    town.delete("Pod", name)


def test_a_pod_may_be_evicted(edited: Teamspace, town: Teamspace) -> None:
    """A node must be drained, and that changes nothing about what is served."""
    slot = slot_name(town)
    pod = next(p for p in town.list("Pod") if p["metadata"]["labels"].get(meta.LABEL_SLOT) == slot)
    path = WATCHED["Pod"].path(edited.name, pod["metadata"]["name"])
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["metadata"]["name"]}}
    assert edited.api.call("POST", f"{path}/eviction?dryRun=All", body).code == 201
