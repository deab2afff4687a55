"""Tokens that the operator believes are made by kubelets, for Pods that controllers made."""

from collections.abc import Callable

import pytest

from sluice_api.contracts.envelope import PROGRESS_AUDIENCE
from support.teamspace import Raw
from support.tricks import Trick, container, made, pod, template, token_volume

BY_KUBELETS = "are made by the kubelet for Pods of stages alone"
REMOVE = "mounts a token for Sluice: remove the volume"
VOLUME, OTHER = token_volume(PROGRESS_AUDIENCE), token_volume("vault")


def token(audience: str, **bound: str) -> Raw:
    spec: Raw = {"audiences": [audience], "expirationSeconds": 600}
    if bound:
        spec["boundObjectRef"] = {"apiVersion": "v1", **bound}
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}


def workload(kind: str, spec: Raw) -> Raw:
    """A workload whose Pods have that spec."""
    group = {"ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    body = spec | ({"restartPolicy": "Never"} if group == "batch/v1" else {})
    whole: Raw = {"template": template(body)}
    if group == "apps/v1":
        whole["selector"] = {"matchLabels": {"app": "x"}}
    if kind == "CronJob":
        whole = {"schedule": "* * * * *", "jobTemplate": {"spec": whole}}
    return made(kind, "mine", whole, group)


KINDS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job", "CronJob")
POD_TEMPLATE = {"metadata": {"name": "mine"}, "template": template(VOLUME)}
MINT = "POST serviceaccounts/default/token"
OF_POD = {"kind": "Pod", "name": "ours", "uid": "$POD"}
TRICKS = [
    Trick("erin", MINT, token(PROGRESS_AUDIENCE), BY_KUBELETS),
    Trick("erin", MINT, token(PROGRESS_AUDIENCE, **OF_POD), BY_KUBELETS),
    Trick("erin", MINT, token("sluice.dev/anything"), BY_KUBELETS),
    Trick("ada", MINT, token(PROGRESS_AUDIENCE, **OF_POD), BY_KUBELETS),
    Trick("root", MINT, token(PROGRESS_AUDIENCE, **OF_POD), BY_KUBELETS),
    Trick("erin", MINT, token("vault")),
    Trick("kubelet", MINT, token(PROGRESS_AUDIENCE, **OF_POD)),
    Trick("erin", "POST pods", pod("mine", VOLUME), REMOVE),
    Trick("ada", "POST pods", pod("mine", VOLUME), REMOVE),
    Trick("wanda", "POST podtemplates", POD_TEMPLATE, REMOVE),
    Trick("erin", "POST pods", pod("mine", OTHER)),
    Trick("job-controller", "POST pods", pod("mine", VOLUME)),
    Trick("replicaset-controller", "POST pods", pod("mine", VOLUME)),
    *(Trick("erin", f"POST {kind.lower()}s", workload(kind, VOLUME), REMOVE) for kind in KINDS),
    *(Trick("erin", f"POST {kind.lower()}s", workload(kind, OTHER)) for kind in KINDS),
    *(Trick("erin", f"POST {kind.lower()}s", workload(kind, container())) for kind in KINDS),
]


@pytest.mark.parametrize("trick", TRICKS, ids=str)
def test_nobody_else_shows_itself_as_a_stage(attempt: Callable[[Trick], None], trick: Trick) -> None:
    attempt(trick)
