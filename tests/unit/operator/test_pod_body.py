"""Which Pods run what their Job's template says."""

from collections.abc import Callable
from typing import Any

import pytest

from sluice_operator.pod_body import body_of
from support.plaincopy import copied
from support.simapi import Raw

SPEC: Raw = {
    "containers": [
        {
            "name": "stage",
            "image": "registry.example/trainer@sha256:" + "a" * 64,
            "command": ["python", "-m", "sluice_trainer"],
            "args": ["judge"],
            "env": [{"name": "HOME", "value": "/work"}],
            "volumeMounts": [{"name": "request", "mountPath": "/var/run/sluice/request", "readOnly": True}],
        }
    ],
    "volumes": [{"name": "request", "downwardAPI": {"items": []}}],
}


def changed(change: Callable[[Raw], Any]) -> Raw:
    spec = copied(SPEC)
    change(spec)
    return spec


ADDED = {"name": "proxy", "image": "proxy:1", "volumeMounts": [{"name": "own", "mountPath": "/etc/proxy"}]}
TOKEN = {"name": "aws", "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount"}


def mirrored(spec: Raw) -> None:
    spec["containers"][0]["image"] = "mirror.example/x/trainer@sha256:" + "a" * 64


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["containers"].insert(0, ADDED),
        lambda s: s["containers"][0]["env"].append({"name": "AWS_ROLE_ARN", "value": "x"}),
        lambda s: s["containers"][0]["volumeMounts"].append(TOKEN),
        lambda s: s["volumes"].append({"name": "aws", "projected": {}}),
        lambda s: s.update(nodeName="n", serviceAccountName="default", tolerations=[{}]),
        mirrored,
    ],
)
def test_what_admission_adds_changes_nothing(change: Callable[[Raw], Any]) -> None:
    assert body_of(changed(change), "stage") == body_of(SPEC, "stage")


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.clear(),
        lambda s: s["containers"][0].update(name="other"),
        lambda s: s["containers"][0].update(image="evil/trainer:1"),
        lambda s: s["containers"][0].update(command=["sh", "-c", "exit 0"]),
        lambda s: s["containers"][0].update(args=["judge", "--report-only"]),
        lambda s: s["containers"][0]["env"].append({"name": "PYTHONPATH", "value": "/tmp"}),
        lambda s: s["containers"][0]["env"].append({"name": "LD_PRELOAD", "value": "/tmp/x.so"}),
        lambda s: s["containers"][0]["volumeMounts"].append({"name": "mine", "mountPath": "/app"}),
        lambda s: s["volumes"][0].update(downwardAPI=None, configMap={"name": "mine"}),
        lambda s: s["containers"].append(
            {"name": "x", "volumeMounts": [{"name": "request", "mountPath": "/r"}]}
        ),
        lambda s: s.update(shareProcessNamespace=True),
        lambda s: s.update(hostPID=True),
    ],
)
def test_S16_what_changes_the_code_or_its_request_is_told(change: Callable[[Raw], Any]) -> None:
    assert body_of(changed(change), "stage") != body_of(SPEC, "stage")


@pytest.mark.parametrize("odd", [None, 7, [], {"containers": 7}, {"containers": [None, {"env": 7}]}])
def test_odd_specs_are_read(odd: object) -> None:
    assert body_of(odd, "stage") == body_of({}, "stage")
