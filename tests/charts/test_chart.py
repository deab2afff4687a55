"""The chart as Helm renders it: every set of values in `ci/`, closed values, restricted Pods, kept CRDs."""

from pathlib import Path

import pytest
import yaml

from sluice_operator.chartgen import CHART, generated
from sluice_operator.settings import Settings
from support.chart import helm, of_kind, render_chart

VALUES = sorted((CHART / "ci").glob("*.yaml"))


@pytest.mark.parametrize("values", VALUES, ids=lambda p: p.stem)
def test_every_set_of_values_renders_settings_that_the_operator_reads(values: Path) -> None:
    objects = render_chart("--values", str(values))
    (settings,) = of_kind(objects, "ConfigMap")
    parsed = Settings.parse(yaml.safe_load(settings["data"]["settings.yaml"]))
    assert parsed.compute_profile("default") is not None
    assert parsed.operator_namespace == "sluice-system"


@pytest.mark.parametrize("values", VALUES, ids=lambda p: p.stem)
def test_the_operator_is_a_restricted_pod(values: Path) -> None:
    (deployment,) = of_kind(render_chart("--values", str(values)), "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_crds_come_with_the_chart_and_stay_on_uninstall() -> None:
    crds = list(of_kind(render_chart(), "CustomResourceDefinition"))
    assert len(crds) == 4
    assert all(c["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for c in crds)
    assert not list(of_kind(render_chart("--set", "crds.install=false"), "CustomResourceDefinition"))


def test_a_changed_setting_starts_a_new_pod() -> None:
    def settings_hash(*arguments: str) -> str:
        (deployment,) = of_kind(render_chart(*arguments), "Deployment")
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["sluice.dev/settings-hash"])

    assert settings_hash() == settings_hash()
    assert settings_hash() != settings_hash("--set", "operator.workers=3")


def test_the_render_is_stable() -> None:
    """Nothing random: a GitOps tool that renders again sees no difference."""
    assert render_chart() == render_chart()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("profilse.x=1", "profilse"),
        ("replicas=0", "replicas"),
        ("profiles.compute[0].allowedNamespaces=x", "allowedNamespaces"),
        ("profiles.storage[0].prefix=s3://bucket/all/", "prefix"),
    ],
)
def test_a_typo_in_the_values_is_refused_with_its_path(wrong: str, said: str) -> None:
    done = helm("template", "--set", wrong)
    assert done.returncode != 0
    assert said in done.stderr


def test_generated_files_are_current() -> None:
    stale = [str(path) for path, text in generated().items() if path.read_text() != text]
    assert not stale
