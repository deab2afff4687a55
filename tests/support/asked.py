"""What is asked of the API server by people who may not, and what decides who answers clients."""

from sluice_api import meta
from sluice_operator.kinds import WATCHED, Kind
from support.kubeapi import Answer
from support.teamspace import MERGE, Raw, Teamspace

EDITOR, PROMOTER = "erin", "pat"
GATEKEEPER = "gail"
"""Holds edit and what roles.gatesForEdit adds: edits gates and Deployments as well, and decides nothing."""
OTHER_DIGEST = f"sha256:{'1' * 64}"


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
    """Take back what `grant` gave."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{town.name}"
    assert town.api.call("DELETE", f"{rbac}/rolebindings/extra").code == 200
    assert town.api.call("DELETE", f"{rbac}/roles/extra").code == 200
