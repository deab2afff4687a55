"""What is protected is deleted only with its namespace; nobody but the operator scales a slot."""

from collections.abc import Callable

import pytest

from sluice_api import meta
from sluice_localcluster import ControlPlane
from sluice_localcluster.errors import LocalClusterError
from sluice_operator.kinds import WATCHED
from support.asked import GATEKEEPER
from support.kubeapi import KubeApi
from support.quickstart import deployment_spec
from support.teamspace import Teamspace

PROTECTED = deployment_spec(deletionProtection=True)


def test_a_protected_deployment_is_deleted_by_nobody(
    api: KubeApi, new_space: Callable[[], Teamspace], as_user: Callable[[Teamspace, str], Teamspace]
) -> None:
    space = new_space()
    space.add("Deployment", "live", PROTECTED)
    path = WATCHED["Deployment"].path(space.name)
    for caller in (as_user(space, GATEKEEPER).api, api):
        for where in (f"{path}/live", path):
            answer = caller.call("DELETE", where)
            assert answer.code == 403
            assert "set spec.deletionProtection to false first" in answer.message
    as_user(space, GATEKEEPER).patch("Deployment", "live", {"spec": {"deletionProtection": False}})
    as_user(space, GATEKEEPER).delete("Deployment", "live")
    space.wait("it is gone", lambda: space.find("Deployment", "live") is None)


def test_a_namespace_with_a_protected_deployment_ends(
    api: KubeApi, new_space: Callable[[], Teamspace]
) -> None:
    space = new_space()
    space.add("Deployment", "live", PROTECTED)
    path = f"/api/v1/namespaces/{space.name}"
    assert api.call("DELETE", path).code == 200
    space.wait("its end", lambda: api.call("GET", path).code == 404, 90)


def test_no_autoscaler_scales_a_slot(plane: ControlPlane, town: Teamspace) -> None:
    """An autoscaler is a system controller and may write the rest; a slot is not its to put to sleep."""
    slot = town.get("Service", "live")["spec"]["selector"][meta.LABEL_SLOT]
    autoscaler = "--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler"
    groups = ("--as-group=system:serviceaccounts:kube-system", "--as-group=system:masters")
    with pytest.raises(LocalClusterError, match=r"spec\.replicas of its Deployment"):
        plane.kubectl(
            "scale", autoscaler, *groups, "-n", town.name, f"deployment.apps/{slot}", "--replicas=3"
        )
    assert town.get("AppsDeployment", slot)["spec"]["replicas"] == 1


def test_a_restore_brings_back_requests_of_others(api: KubeApi, new_space: Callable[[], Teamspace]) -> None:
    """Who is trusted creates an object with its old annotations; changing one is a decision again."""
    space = new_space()
    request = f"sha256:{'1' * 64} 3.abcd pat"
    annotations = {f"{meta.GROUP}/promote": request}
    body = {
        "apiVersion": meta.API_VERSION,
        "kind": "Deployment",
        "metadata": {"name": "live", "annotations": annotations},
        "spec": deployment_spec(),
    }
    assert api.call("POST", WATCHED["Deployment"].path(space.name), body).code == 201
    changed = {"metadata": {"annotations": {f"{meta.GROUP}/promote": request.replace("abcd", "efgh")}}}
    path = WATCHED["Deployment"].path(space.name, "live")
    answer = api.call("PATCH", path, changed, "application/merge-patch+json")
    assert answer.code == 403
    assert "who asks, admin" in answer.message
