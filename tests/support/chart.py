"""The chart as Helm renders it."""

import subprocess
from typing import Any

import yaml

from sluice_localcluster import binaries
from sluice_operator.chartgen import CHART

SYSTEM = "sluice-system"


def render_chart(*arguments: str, namespace: str = SYSTEM) -> list[dict[str, Any]]:
    """All objects of the chart, released as `sluice`."""
    helm = binaries.ensure(binaries.HELM) / "helm"
    command = [str(helm), "template", "sluice", str(CHART), "--namespace", namespace, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]
