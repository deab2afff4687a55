"""The chart as Helm renders it: every set of values in `ci/`, closed values, restricted Pods, kept CRDs."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice_localcluster import binaries
from sluice_operator.chartgen import CHART, generated
from sluice_operator.settings import Settings

VALUES = sorted((CHART / "ci").glob("*.yaml"))


@pytest.fixture(scope="session")
def helm() -> Path:
    return binaries.ensure(binaries.HELM) / "helm"


def render(helm: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [str(helm), "template", "sluice", str(CHART), "--namespace", "sluice-system", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def of_kind(objects: list[dict[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    return (o for o in objects if o["kind"] == kind)


@pytest.mark.parametrize("values", VALUES, ids=lambda p: p.stem)
def test_every_set_of_values_renders_settings_that_the_operator_reads(helm: Path, values: Path) -> None:
    objects = render(helm, "--values", str(values))
    (settings,) = of_kind(objects, "ConfigMap")
    parsed = Settings.parse(yaml.safe_load(settings["data"]["settings.yaml"]))
    assert parsed.compute_profile("default") is not None
    assert parsed.operator_namespace == "sluice-system"


@pytest.mark.parametrize("values", VALUES, ids=lambda p: p.stem)
def test_the_operator_is_a_restricted_pod(helm: Path, values: Path) -> None:
    (deployment,) = of_kind(render(helm, "--values", str(values)), "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_crds_come_with_the_chart_and_stay_on_uninstall(helm: Path) -> None:
    crds = list(of_kind(render(helm), "CustomResourceDefinition"))
    assert len(crds) == 4
    assert all(c["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for c in crds)
    assert not list(of_kind(render(helm, "--set", "crds.install=false"), "CustomResourceDefinition"))


def test_a_changed_setting_starts_a_new_pod(helm: Path) -> None:
    def settings_hash(*arguments: str) -> str:
        (deployment,) = of_kind(render(helm, *arguments), "Deployment")
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["sluice.dev/settings-hash"])

    assert settings_hash() == settings_hash()
    assert settings_hash() != settings_hash("--set", "operator.workers=3")


def test_the_render_is_stable(helm: Path) -> None:
    """Nothing random: a GitOps tool that renders again sees no difference."""
    assert render(helm) == render(helm)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("profilse.x=1", "profilse"),
        ("replicas=0", "replicas"),
        ("profiles.compute[0].allowedNamespaces=x", "allowedNamespaces"),
        ("profiles.storage[0].prefix=s3://bucket/all/", "prefix"),
    ],
)
def test_a_typo_in_the_values_is_refused_with_its_path(helm: Path, wrong: str, said: str) -> None:
    command = [str(helm), "template", "sluice", str(CHART), "--set", wrong]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert said in done.stderr


def test_generated_files_are_current() -> None:
    stale = [str(path) for path, text in generated().items() if path.read_text() != text]
    assert not stale
