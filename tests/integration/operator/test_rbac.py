"""The operator under the chart's own RBAC: it is refused nothing, and holds no write that it never uses."""

import subprocess
from datetime import UTC, datetime
from typing import Any

import yaml

from sluice_localcluster import ControlPlane, binaries
from sluice_operator.chartgen import CHART
from support.audit import changes
from support.flow import apply_quickstart
from support.operator_process import MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import LABELS, Stages, deployment_spec, run_spec
from support.teamspace import Teamspace
from support.tricks import slice_of

READS = {"get", "list", "watch"}
PROGRESS = {("create", "tokenreviews"), ("create", "secrets"), ("update", "secrets")}
"""What the progress endpoint needs; `test_progress.py` uses it, and a certificate is renewed once a year."""


def rendered(namespace: str) -> list[dict[str, Any]]:
    helm = binaries.ensure(binaries.HELM) / "helm"
    parts = ["--show-only", "templates/rbac.yaml", "--show-only", "templates/serviceaccount.yaml"]
    command = [str(helm), "template", "sluice", str(CHART), "--namespace", namespace, *parts]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [d for d in yaml.safe_load_all(text) if d]


def granted_writes(objects: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Verb and resource, with its sub-resource."""
    rules = [rule for o in objects for rule in o.get("rules", [])]
    return {
        (verb, resource)
        for rule in rules
        for verb in rule["verbs"]
        for resource in rule["resources"]
        if verb not in READS
    }


def test_the_chart_grants_exactly_the_writes_that_are_used(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    objects = rendered(space.name)
    for o in objects:
        if not o["kind"].startswith("Cluster"):
            assert o["metadata"]["namespace"] == space.name
    plane.kubectl("apply", "-n", space.name, "-f", "-", input=yaml.safe_dump_all(objects))
    token = plane.service_account_token(space.name, "sluice")
    operator = make_operator()
    operator.kubeconfig = plane.kubeconfig_for("sluice", token)
    apply_quickstart(space)
    with operator, PodDriver(space, Stages(clock=_now)):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        _use_the_rest(space)
    user = f"system:serviceaccount:{space.name}:sluice"
    found = changes(plane.audit_log, user)
    assert not [c for c in found if c.code == 403]
    assert "orbidden" not in operator.log_file.read_text()
    used = {(c.verb, f"{c.resource}/{c.subresource}" if c.subresource else c.resource) for c in found}
    assert used == granted_writes(objects) - PROGRESS


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _use_the_rest(space: Teamspace) -> None:
    """A foreign slice, a newer model, spare things, a suspended run, Jobs that outlive their TTL."""
    first = space.get("Service", "live")["spec"]["selector"]["sluice.dev/slot"]
    live = space.get("Deployment", "live")["spec"]
    space.post("EndpointSlice", slice_of("live", "foreign"))
    space.wait("the foreign slice is gone", lambda: space.find("EndpointSlice", "foreign") is None)
    space.patch("Deployment", "live", {"spec": live | deployment_spec(rollback={"keepPreviousSeconds": 0})})
    space.add("TrainingRun", "better", run_spec(2), LABELS)
    space.wait("the first slot is gone", lambda: space.find("AppsDeployment", first) is None, 120)
    space.wait("its Service is gone", lambda: space.find("Service", first) is None)
    space.patch("TrainingRun", "better", {"spec": {"ttlSecondsAfterFinished": 0}})
    space.wait("its Jobs are gone", lambda: not _jobs(space, "better"))
    space.add("TrainingRun", "paused", run_spec(3), LABELS)
    space.wait("its Job is there", lambda: bool(_jobs(space, "paused")))
    space.patch("TrainingRun", "paused", {"spec": {"suspend": True}})
    space.wait_condition("TrainingRun", "paused", "Suspended")
    _outgrow(space)
    _adopt(space)


def _adopt(space: Teamspace) -> None:
    """The Deployment is deleted alone and comes back: its records are taken up again."""
    spec = space.get("Deployment", "live")["spec"]
    space.delete("Deployment", "live", propagationPolicy="Orphan")
    space.wait("it is gone", lambda: space.find("Deployment", "live") is None)
    uid = space.add("Deployment", "live", spec)["metadata"]["uid"]

    def taken() -> bool:
        mine = [r["metadata"] for r in space.list("ControllerRevision") if "-audit-" in r["metadata"]["name"]]
        return all(m.get("ownerReferences", [{}])[0].get("uid") == uid for m in mine)

    space.wait("its records are adopted", taken, 90)


def _outgrow(space: Teamspace) -> None:
    """More revisions than are kept: the oldest records go."""
    for length in (300, 301, 302, 303):
        slot = space.get("Service", "live")["spec"]["selector"]["sluice.dev/slot"]
        serving = {"serving": {"maxModelLength": length}, "revisionHistoryLimit": 2}
        space.patch("Deployment", "live", {"spec": serving})
        space.wait(
            "traffic moved",
            lambda old=slot: space.get("Service", "live")["spec"]["selector"]["sluice.dev/slot"] != old,
            120,
        )


def _jobs(space: Teamspace, owner: str) -> list[dict[str, Any]]:
    return [j for j in space.list("Job") if j["metadata"]["labels"].get("sluice.dev/owner") == owner]
