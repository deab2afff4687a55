"""The chart as Helm renders it."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from sluice_localcluster import ControlPlane, binaries
from sluice_operator.chartgen import CHART

SYSTEM = "sluice-system"
PROMETHEUS = "--api-versions=monitoring.coreos.com/v1"
"""As on a cluster that has the Prometheus operator's kinds."""


def helm(
    command: str, *arguments: str, namespace: str = SYSTEM, chart: Path = CHART
) -> subprocess.CompletedProcess[str]:
    """Run `helm COMMAND` on the chart, released as `sluice`, without a cluster."""
    program = str(binaries.ensure(binaries.HELM) / "helm")
    argv = [program, command, "sluice", str(chart), "--namespace", namespace, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env={"KUBECONFIG": "/dev/null"})


def render_chart(*arguments: str, namespace: str = SYSTEM) -> list[dict[str, Any]]:
    """All objects of the chart."""
    done = helm("template", *arguments, namespace=namespace)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def apply_chart(plane: ControlPlane, objects: list[dict[str, Any]]) -> None:
    """Apply the chart's objects without its Pods, CRDs first."""
    crds = list(of_kind(objects, "CustomResourceDefinition"))
    if crds:
        plane.kubectl("create", "-f", "-", input=_as_list(crds))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    rest = [o for o in objects if o["kind"] not in ("CustomResourceDefinition", "Deployment", "Service")]
    plane.kubectl("apply", "-f", "-", input=_as_list(rest))


def _as_list(objects: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def of_kind(objects: Iterable[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    """Those of one kind."""
    return (o for o in objects if o["kind"] == kind)
