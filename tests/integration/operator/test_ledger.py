"""What outlives a Deployment, on the real control plane: refusals in the archive, and what is restored."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.audit import AuditRecord
from sluice_localcluster import ControlPlane
from sluice_operator.kinds import Kind
from support.flow import apply_quickstart
from support.operator_process import MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import LABELS, SETTINGS, Stages, deployment_spec, run_spec
from support.teamspace import Raw, Teamspace

LASTING: tuple[Kind, ...] = ("ControllerRevision", "AppsDeployment", "Service")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def slot(space: Teamspace) -> str | None:
    service = space.find("Service", "live") or {"spec": {}}
    return (service["spec"].get("selector") or {}).get("sluice.dev/slot")


def active(space: Teamspace) -> str | None:
    status = space.get("Deployment", "live").get("status", {})
    return (status.get("active") or {}).get("digest")


def digest_of_run(space: Teamspace, run: str) -> str:
    return str(space.get("TrainingRun", run)["status"]["artifact"]["digest"])


def links(space: Teamspace) -> dict[int, AuditRecord]:
    found = (r["data"] for r in space.list("ControllerRevision") if r["data"]["record"] == "audit")
    return {r.sequence: r for r in map(AuditRecord.parse, found)}


def is_archived(space: Teamspace) -> bool:
    audit = space.get("Deployment", "live").get("status", {}).get("audit", {})
    return bool(audit) and audit["archivedSequence"] == audit["sequence"] == max(links(space))


def children(space: Teamspace) -> list[tuple[Kind, Raw]]:
    found = [(kind, o) for kind in LASTING for o in space.list(kind)]
    return [(k, o) for k, o in found if o["metadata"].get("labels", {}).get("sluice.dev/owner") == "live"]


def roll_back(space: Teamspace, digest: str) -> None:
    seen = space.get("Deployment", "live")["status"]["audit"]["sequence"]
    note = {"sluice.dev/rollback-to": f"{digest} {seen}.abcd1234 somebody"}
    space.patch("Deployment", "live", {"metadata": {"annotations": note}})
    space.wait("traffic went back", lambda: active(space) == digest, 120)


def test_refusals_come_back_from_the_archive_after_a_forced_replace(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    with make_operator(), PodDriver(space, Stages(clock=_now)):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        good = digest_of_run(space, "good")
        space.add("TrainingRun", "worse", run_spec(2), LABELS)
        space.wait("the newer one is live", lambda: active(space) not in (good, None), 120)
        worse = digest_of_run(space, "worse")
        roll_back(space, good)
        space.wait("all is archived", lambda: is_archived(space), 120)
        before = space.get("Deployment", "live")["metadata"]["uid"]
        _replace(plane, space)
        space.wait("something is live again", lambda: active(space) is not None, 120)
    live = space.get("Deployment", "live")
    assert live["metadata"]["uid"] != before
    assert active(space) == good
    assert live["status"]["refused"] == [{"digest": worse}]
    first = links(space)[1]
    assert (first.phase, first.reason) == ("inherited", reasons.REFUSALS_INHERITED.code)
    assert first.chain == live["metadata"]["uid"]


def _replace(plane: ControlPlane, space: Teamspace) -> None:
    body: dict[str, Any] = {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Deployment",
        "metadata": {"name": "live", "namespace": space.name},
        "spec": deployment_spec(),
    }
    plane.kubectl("replace", "--force", "-f", "-", input=json.dumps(body))


def strip_owners(_: ControlPlane, space: Teamspace) -> None:
    """As a backup tool does."""
    for kind, o in children(space):
        space.patch(kind, o["metadata"]["name"], {"metadata": {"ownerReferences": None}})
    space.delete("Deployment", "live")


def delete_and_orphan(plane: ControlPlane, space: Teamspace) -> None:
    """The garbage collector strips the owners: it must be able to patch records."""
    plane.kubectl("delete", "modeldeployment", "live", "-n", space.name, "--cascade=orphan", "--timeout=60s")


@pytest.mark.parametrize("leave", [strip_owners, delete_and_orphan])
def test_what_a_restore_left_without_owner_is_adopted_and_never_stops_serving(
    plane: ControlPlane,
    space: Teamspace,
    make_operator: MakeOperator,
    leave: Callable[[ControlPlane, Teamspace], None],
) -> None:
    apply_quickstart(space)
    with PodDriver(space, Stages(clock=_now)):
        with make_operator("one") as operator:
            space.wait_condition("Deployment", "live", "Ready", seconds=120)
            space.wait("all is archived", lambda: is_archived(space), 120)
            operator.stop()
        serving, kept = slot(space), links(space)
        leave(plane, space)
        space.wait("it is gone", lambda: space.find("Deployment", "live") is None)
        uid = space.add("Deployment", "live", deployment_spec())["metadata"]["uid"]
        with make_operator("two"):
            space.wait_condition("Deployment", "live", "Ready", seconds=120)
            space.wait("all is archived", lambda: is_archived(space), 120)
    owners = {(o["metadata"].get("ownerReferences") or [{}])[0].get("uid") for _, o in children(space)}
    assert owners == {uid}
    assert slot(space) == serving
    assert links(space) == kept
    slots = [o for kind, o in children(space) if kind == "AppsDeployment"]
    assert [o["metadata"]["name"] for o in slots] == [serving]


def test_a_restored_chain_with_a_changed_link_is_not_adopted(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    with PodDriver(space, Stages(clock=_now)):
        with make_operator("one") as operator:
            space.wait_condition("Deployment", "live", "Ready", seconds=120)
            operator.stop()
        serving = slot(space)
        strip_owners(plane, space)
        _forge(space, "live-audit-1")
        space.add("Deployment", "live", deployment_spec())
        with make_operator("two"):
            space.wait_condition("Deployment", "live", "Stalled", seconds=120)
    assert space.condition("Deployment", "live", "Stalled")["reason"] == reasons.AUDIT_TAMPERED.camel
    assert slot(space) == serving
    assert not [o for _, o in children(space) if o["metadata"].get("ownerReferences")]


def test_X17_a_planted_key_appears_nowhere(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    planted = "planted-secret-value"
    secret = {"metadata": {"name": "s3"}, "stringData": {"AWS_SECRET_ACCESS_KEY": planted}}
    answer = space.api.call("POST", f"/api/v1/namespaces/{space.name}/secrets", secret)
    assert answer.code == 201, answer.message
    stages = Stages(clock=_now)
    profile = SETTINGS.dump()["storage"][0] | {"secretName": "s3", "ledgerSecretName": "s3"}
    apply_quickstart(space)
    with make_operator(storage=[profile | {"readPrefixes": ["s3://sluice/team/"]}]) as operator:
        with PodDriver(space, stages):
            space.wait_condition("Deployment", "live", "Ready", seconds=120)
            space.wait("all is archived", lambda: is_archived(space), 120)
        told = operator.log_file.read_text()
    used = [j for j in space.list("Job") if '"name": "s3"' in json.dumps(j)]
    assert used, "no Job was given the Secret"
    kinds: tuple[Kind, ...] = ("Deployment", "TrainingRun", "EvalGate", "DatasetPack", "Job", "Pod")
    kept = json.dumps([space.list(kind) for kind in (*kinds, *LASTING)])
    events = plane.kubectl("get", "events.events.k8s.io", "-n", space.name, "-o", "json")
    archive = str(stages.archive)
    assert events.count("reportingController") > 5
    for where, text in {"log": told, "objects": kept, "events": events, "archive": archive}.items():
        assert planted not in text, where


def _forge(space: Teamspace, name: str) -> None:
    """Records cannot be changed, so a forger deletes one and creates another."""
    body = space.get("ControllerRevision", name)
    space.delete("ControllerRevision", name)
    space.wait("it is gone", lambda: space.find("ControllerRevision", name) is None)
    body["data"]["actor"] = "somebody-else"
    for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
        body["metadata"].pop(field, None)
    answer = space.api.call("POST", f"/apis/apps/v1/namespaces/{space.name}/controllerrevisions", body)
    assert answer.code == 201, answer.message
