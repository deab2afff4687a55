"""kustomize with our configuration: names follow their prefix, and patches merge lists by their keys."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice_api.kinds import KINDS
from sluice_localcluster import binaries

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ("sluice-configuration.yaml", "sluice-openapi.json")
Objects = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the quickstart's files and our configuration."""
    for file in (ROOT / "docs" / "examples" / "quickstart").glob("0*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    for name in CONFIGURATION:
        (tmp_path / name).write_text((ROOT / "docs" / "gitops" / "kustomize" / name).read_text())
    return tmp_path


def build(folder: Path, kustomization: str) -> Objects:
    (folder / "kustomization.yaml").write_text(kustomization)
    kubectl = binaries.ensure(binaries.KUBERNETES) / "kubectl"
    made = subprocess.run(
        [str(kubectl), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=120
    )
    assert made.returncode == 0, made.stderr
    return {(o["kind"], o["metadata"]["name"]): o for o in yaml.safe_load_all(made.stdout)}


def guide() -> str:
    text = (ROOT / "docs" / "guide" / "gitops.md").read_text()
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0]


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in references(item)]
    if not isinstance(value, dict):
        return []
    own = [v["name"] for k, v in value.items() if k.endswith("Ref")]
    return own + [name for inner in value.values() for name in references(inner)]


def test_the_guides_kustomization_keeps_references_and_merges_its_patch(folder: Path) -> None:
    made = build(folder, guide())
    names = {name for _, name in made}
    assert all(name.startswith("staging-") for name in names)
    assert {o["metadata"]["namespace"] for o in made.values()} == {"my-team"}
    found = [name for o in made.values() for name in references(o["spec"])]
    assert found
    assert set(found) <= names
    [suite] = made["EvalGate", "staging-triage"]["spec"]["suites"]
    assert suite["maxSamples"] == 200
    assert suite["datasetRef"] == {"name": "staging-tickets-gold"}
    assert suite["generation"]["maxNewTokens"] == 8
    for (kind, _), document in made.items():
        assert KINDS[kind].spec.parse(document["spec"])


def test_without_the_configuration_references_point_to_nothing(folder: Path) -> None:
    made = build(folder, guide().replace("configurations: [sluice-configuration.yaml]\n", ""))
    names = {name for _, name in made}
    assert not {name for o in made.values() for name in references(o["spec"])} <= names


def test_common_labels_reach_what_selects_by_labels(folder: Path) -> None:
    made = build(
        folder,
        "resources: [02-run.yaml, 03-gate.yaml]\nconfigurations: [sluice-configuration.yaml]\n"
        "labels: [{pairs: {team: a}, includeSelectors: true}]\n",
    )
    chosen = made["EvalGate", "triage"]["spec"]["candidates"]["selector"]["matchLabels"]
    assert chosen == {"task": "triage", "team": "a"}
    assert chosen.items() <= made["TrainingRun", "triage-lora"]["metadata"]["labels"].items()
