"""The plugin as kubectl starts it: `kubectl sluice`, and the helper by which kubectl completes it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sluice_localcluster import binaries

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = {"kubectl-sluice": "sluice_plugin", "kubectl_complete-sluice": "sluice_plugin.completion.helper"}


@pytest.fixture
def kubectl(tmp_path: Path) -> list[str]:
    """kubectl with both programs on its path."""
    for name, module in PROGRAMS.items():
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n')
        program.chmod(0o755)
    folder = binaries.ensure(binaries.KUBERNETES)
    return [
        "env",
        f"PATH={tmp_path}:{os.defpath}",
        f"PYTHONPATH={os.pathsep.join(sys.path)}",
        f"{folder}/kubectl",
    ]


def ask(kubectl: list[str], *words: str) -> list[str]:
    answer = subprocess.run([*kubectl, *words], capture_output=True, text=True, check=True, cwd=ROOT)
    return answer.stdout.splitlines()


def test_kubectl_runs_the_plugin(kubectl: list[str]) -> None:
    told = ask(kubectl, "sluice", "plan", "--offline", "-f", "docs/examples/quickstart")
    assert told[-1] == "Nothing was written."


def test_kubectl_completes_verbs_and_options(kubectl: list[str]) -> None:
    assert ask(kubectl, "__complete", "sluice", "expl")[0].startswith("explain\t")
    found = ask(kubectl, "__complete", "sluice", "logs", "--st")
    assert found[0].startswith("--stage\t")
    assert found[-1] == ":4"
