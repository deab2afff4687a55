"""An operator of some namespaces: Roles there, no ClusterRole, and tokens checked by the issuer's keys."""

import json
import subprocess
from typing import Any

import yaml

from sluice_api.contracts.envelope import PROGRESS_AUDIENCE, Envelope
from sluice_localcluster import ControlPlane, binaries
from sluice_operator.chartgen import CHART
from sluice_operator.children.jobs import ANNOTATION_REQUEST
from support.audit import changes
from support.flow import apply_quickstart
from support.operator_process import MakeOperator
from support.pod_driver import PodDriver
from support.posting import Poster, percent, token_for, training_pods
from support.quickstart import Stages
from support.simcluster import Answer
from support.teamspace import Teamspace


def rendered(namespace: str) -> list[dict[str, Any]]:
    helm = binaries.ensure(binaries.HELM) / "helm"
    parts = ["--show-only", "templates/rbac.yaml", "--show-only", "templates/serviceaccount.yaml"]
    chosen = ["--set", f"watchNamespaces={{{namespace}}}"]
    command = [str(helm), "template", "sluice", str(CHART), "--namespace", namespace, *parts, *chosen]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [d for d in yaml.safe_load_all(text) if d]


def test_roles_in_its_namespaces_are_all_that_an_operator_needs(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    objects = rendered(space.name)
    assert {o["kind"] for o in objects} == {"Role", "RoleBinding", "ServiceAccount"}
    plane.kubectl("apply", "-n", space.name, "-f", "-", input=yaml.safe_dump_all(objects))
    operator = make_operator()
    token = plane.service_account_token(space.name, "sluice")
    operator.kubeconfig = plane.kubeconfig_for("sluice", token)
    operator.settings |= {"progressUrl": f"https://localhost:{operator.progress_port}/progress"}
    apply_quickstart(space)
    stages = Stages()
    waits: list[str] = ["train"]

    def answer(envelope: Envelope) -> Answer | None:
        return None if envelope.stage in waits else stages(envelope)

    with operator, PodDriver(space, answer):
        space.wait("a training Pod", lambda: bool(training_pods(space)))
        report_progress(space)
        waits.clear()
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
    assert "orbidden" not in operator.log_file.read_text()
    user = f"system:serviceaccount:{space.name}:sluice"
    assert not [c for c in changes(plane.audit_log, user) if c.code == 403]


def report_progress(space: Teamspace) -> None:
    pod = training_pods(space)[0]
    envelope = Envelope.parse(json.loads(pod["metadata"]["annotations"][ANNOTATION_REQUEST]))
    assert envelope.progress is not None
    post = Poster(envelope.progress.url, envelope.progress.ca_pem)
    good = token_for(space, pod, PROGRESS_AUDIENCE)
    header, claims, signature = good.split(".")
    assert post(token_for(space, pod, "https://kubernetes.default.svc.cluster.local"), 25) == 403
    assert post(f"{header}.{claims}.{'A' * len(signature)}", 25) == 403
    assert post("no token", 25) == 403
    assert post(good, 25) == 200
    space.wait("progress in the status", lambda: percent(space) == 25)
