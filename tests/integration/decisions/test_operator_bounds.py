"""What the operator's own account may write, were it in the wrong hands: objects of our labels and shape."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from support.kubeapi import KubeApi
from support.teamspace import Raw
from support.tricks import CALLERS, OURS, Trick, container, made, ours, send, template

LABELS = "does not carry the labels of Sluice"
REACH = "that no Pod of Sluice needs"
SAFE = {"allowPrivilegeEscalation": False}


def job(pod: Raw | None = None, **of_container: Any) -> Raw:
    """A Job of ours, and what is different in its Pods."""
    shape = container(restartPolicy="Never", automountServiceAccountToken=False)
    shape["containers"][0] |= {"securityContext": SAFE} | of_container
    return ours("Job", "mine", {"template": template(shape | (pod or {}), **OURS)}, "batch/v1")


def secret(key: str) -> Raw:
    return {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "any", "key": key}}}]}


def without(body: Raw, *path: str) -> Raw:
    """The object without a field."""
    copied = deepcopy(body)
    *way, last = path
    holder = copied
    for step in way:
        holder = holder[step]
    del holder[last]
    return copied


def volume(**source: Any) -> Raw:
    return {"volumes": [{"name": "v", **source}]}


def token(**of_token: str) -> Raw:
    return volume(projected={"sources": [{"serviceAccountToken": {"path": "t", **of_token}}]})


def service(name: str = "mine", **spec: Any) -> Raw:
    return ours("Service", name, {"ports": [{"port": 80}], **spec}, "v1")


REFUSED = {
    "jobs": (
        (job() | {"metadata": {"name": "mine", "labels": {"app": "x"}}}, LABELS),
        (without(job(), "spec", "template", "metadata", "labels"), REACH),
        (job({"hostNetwork": True}), REACH),
        (job({"hostPID": True}), REACH),
        (job({"hostIPC": True}), REACH),
        (job({"automountServiceAccountToken": True}), REACH),
        (job(volume(hostPath={"path": "/"})), REACH),
        (job(volume(secret={"secretName": "any"})), REACH),
        (job(volume(persistentVolumeClaim={"claimName": "any"})), REACH),
        (job(token()), REACH),
        (job(token(audience="vault")), REACH),
        (job(volume(projected={"sources": [{"secret": {"name": "any"}}]})), REACH),
        (job(securityContext={"privileged": True}), REACH),
        (job(securityContext={}), REACH),
        (job(securityContext=SAFE | {"capabilities": {"add": ["SYS_ADMIN"]}}), REACH),
        (job(**secret("password")), REACH),
        (job(envFrom=[{"secretRef": {"name": "any"}}]), REACH),
        (job({"initContainers": [{"name": "i", "image": "x"}]}), REACH),
    ),
    "services": (
        (without(service(), "metadata", "labels"), LABELS),
        (service(type="LoadBalancer"), "reachable from outside"),
        (service(type="NodePort"), "reachable from outside"),
        (service(externalIPs=["192.0.2.1"]), "reachable from outside"),
    ),
}  # fmt: skip
ALLOWED = {
    "jobs": (job(), job(**secret("AWS_ACCESS_KEY_ID")), job(token(audience="sluice.dev/progress")),
             job(volume(configMap={"name": "rows"})), job(volume(emptyDir={}))),
    "services": (service(), service(selector={"sluice.dev/slot": "a"})),
}  # fmt: skip
RECORD = made("ControllerRevision", "mine", {}, "apps/v1") | {"revision": 1, "data": {}}
TRICKS = [
    *(Trick("operator", f"POST {plural}", *each) for plural in REFUSED for each in REFUSED[plural]),
    *(Trick("operator", f"POST {plural}", each) for plural in ALLOWED for each in ALLOWED[plural]),
    Trick("operator", "POST controllerrevisions", RECORD, LABELS),
    Trick("operator", "DELETE services/theirs", None, LABELS),
    Trick("operator", "PATCH services/theirs", {"metadata": {"labels": OURS}}, LABELS),
    Trick("operator", "PATCH services/live", {"metadata": {"labels": None}}, LABELS),
    Trick("operator", "PATCH services/live", {"spec": {"selector": {"sluice.dev/slot": "a"}}}),
    Trick("operator", "DELETE jobs/stage", {"propagationPolicy": "Background"}),
    Trick("operator", "DELETE services/live"),
]  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS, ids=str)
def test_the_operators_account_writes_what_the_operator_writes(
    attempt: Callable[[Trick], None], trick: Trick
) -> None:
    attempt(trick)


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease"])
def test_the_operator_writes_nothing_in_namespaces_of_the_system(api: KubeApi, namespace: str) -> None:
    answer = send(api.acting_as(*CALLERS["operator"]), namespace, "POST jobs", job())
    assert answer.code == 403
    assert "where the operator writes nothing" in answer.message
