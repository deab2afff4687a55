"""The chart as Helm renders it: every set of values in `ci/`, closed values, restricted Pods, kept CRDs."""

import shutil
from pathlib import Path

import pytest
import yaml

from sluice_api import meta
from sluice_operator.chartgen import CHART, generated
from sluice_operator.settings import Settings
from support.chart import PROMETHEUS, helm, of_kind, render_chart

STORAGE = (
    "profiles.storage[0].name=s,profiles.storage[0].allowedNamespaces={team-*},"
    r"profiles.storage[0].prefix=s3://bucket/\{namespace\}/"
)
SERVING = (
    "profiles.serving[0].name=v,profiles.serving[0].allowedNamespaces={team-*},"
    "profiles.serving[0].image=registry.test/vllm:1"
)
COMPUTE = "profiles.compute[{0}].name=default,profiles.compute[{0}].allowedNamespaces={{team-*}}"
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
        ("image.digest=abc", "/image/digest"),
        ("image.digest=sha256:ABC", "/image/digest"),
        ("image.tag=", "/image/tag"),
        ("image.tag=a b", "/image/tag"),
        ("image.repository=", "/image/repository"),
        ("image.repository=registry/sluice:1", "/image/repository"),
        ("trainerImage.repository=", "/trainerImage/repository"),
        ("trainerImage.tag=", "/trainerImage/tag"),
        ("trainerImage.digest=abc", "/trainerImage/digest"),
        ("nameOverride=UPPER", "/nameOverride"),
        ("nameOverride=-x", "/nameOverride"),
        ("resources.limits.memory=lots", "/resources/limits/memory"),
        ("resources.limit.memory=1Gi", "limit"),
        ("profiles.compute[0].resources.limits.memory=lots", "memory"),
        ("profiles.compute[0].allowedNamespaces={Team_A}", "allowedNamespaces"),
        ("watchNamespaces={Team_A}", "/watchNamespaces/0"),
        ("imagePullSecrets[0].title=x", "/imagePullSecrets/0"),
        ("tolerations[0].operator=Equals", "/tolerations/0/operator"),
        ("monitoring.rules.runbooks=docs/runbooks", "/monitoring/rules/runbooks"),
        (",".join(map(COMPUTE.format, (0, 1))), "profiles.compute[1].name"),
        ("operator.leaseRenewSeconds=15", "operator.leaseRenewSeconds"),
        ("operator.leaseSeconds=10", "operator.leaseRenewSeconds"),
        ("operator.leaseRetrySeconds=10", "operator.leaseRetrySeconds"),
        ("profiles.compute[0].allowedNamespaces=x", "allowedNamespaces"),
        ("profiles.storage[0].prefix=s3://bucket/all/", "prefix"),
        ("operator.workers=65", "/operator/workers"),
        ("operator.resyncSeconds=9", "/operator/resyncSeconds"),
        ("nodeSelector.a b=c", "/nodeSelector"),
        ("resources.limits.gpu=1", "/resources/limits"),
        ("monitoring.rules.disabled={SluiceModelDrift}", "/monitoring/rules/disabled/0"),
        (f"{STORAGE},profiles.storage[0].prefix=s3://My_Bucket/\\{{namespace\\}}/", "/0/prefix"),
        (f"{STORAGE},profiles.storage[0].endpoint=minio:9000", "/0/endpoint"),
        (f"{STORAGE},profiles.storage[0].region=eu central", "/0/region"),
        (f"{STORAGE},profiles.storage[0].secretName=my secret", "/0/secretName"),
        (f"{STORAGE},profiles.storage[0].readPrefixes={{bucket/shared}}", "/0/readPrefixes/0"),
        (f"{STORAGE},profiles.storage[0].httpsHosts={{https://rows.internal}}", "/0/httpsHosts/0"),
        (
            f"{STORAGE},profiles.storage[0].secretName=a,profiles.storage[0].serviceAccountName=b",
            "profiles.storage[0]: give secretName or serviceAccountName, not both",
        ),
        (f"{SERVING},profiles.serving[0].image=vllm 1", "/0/image"),
        (f"{SERVING},profiles.serving[0].allowedArguments={{--max-num-seqs}}", "/0/allowedArguments/0"),
        (f"{SERVING},profiles.serving[0].env.MY KEY=x", "/0/env"),
        (f"{COMPUTE.format(0)},profiles.compute[0].nodeSelector.pool=a b", "/0/nodeSelector/pool"),
        (f"{COMPUTE.format(0)},profiles.compute[0].resources.limits.gpu=1", "/0/resources/limits"),
    ],
)
def test_a_typo_in_the_values_is_refused_with_its_path(wrong: str, said: str) -> None:
    done = helm("template", "--set", wrong)
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize(
    "good",
    [
        "image.repository=registry.test:5000/team/sluice_operator",
        "image.tag=v1.2.3-rc.1",
        f"image.digest=sha256:{'a' * 64}",
        "nameOverride=",
        "resources.limits.memory=512Mi",
        "resources.requests.cpu=0.5",
        "resources.limits.memory=1e9",
        "nodeSelector.kubernetes\\.io/arch=amd64",
        "monitoring.rules.disabled={SluiceModelDrifted}",
        f"{STORAGE},profiles.storage[0].endpoint=http://minio.storage:9000",
        f"{STORAGE},profiles.storage[0].region=eu-central-1,profiles.storage[0].secretName=s3.keys",
        r"profiles.storage[0].name=s,profiles.storage[0].allowedNamespaces={*},"
        r"profiles.storage[0].prefix=s3://acme-\{namespace\}/",
        f"{SERVING},profiles.serving[0].allowedArguments={{max-num-seqs}},profiles.serving[0].env.A_b-c=x",
        f"{SERVING},profiles.serving[0].resources.limits.nvidia\\.com/mig-1g\\.5gb=1k",
        COMPUTE.format(0),
        COMPUTE.format(0) + ",profiles.compute[0].imagePullSecrets={pull}",
    ],
)
def test_what_kubernetes_takes_is_not_refused(good: str) -> None:
    assert render_chart("--set", good)


@pytest.mark.parametrize("values", VALUES, ids=lambda p: p.stem)
def test_every_object_in_a_namespace_names_it(values: Path) -> None:
    """So that the output of `helm template` may be applied with any namespace at hand."""
    on = [f"--set=monitoring.{part}.enabled=true" for part in ("serviceMonitor", "podMonitor", "rules")]
    for found in render_chart("--values", str(values), PROMETHEUS, *on):
        is_cluster_wide = found["kind"].startswith(("Cluster", "Custom", "Validating"))
        assert ("namespace" in found["metadata"]) != is_cluster_wide, found["metadata"]["name"]


def test_two_releases_in_one_namespace_share_nothing() -> None:
    def names(release: str) -> set[tuple[str, str]]:
        objects = render_chart(f"--set=nameOverride={release}", "--set=crds.install=false")
        (settings,) = of_kind(objects, "ConfigMap")
        found = Settings.parse(yaml.safe_load(settings["data"]["settings.yaml"]))
        own = {("Lease", found.lease_name), ("Secret", found.certificate_name)}
        may = {
            name
            for role in of_kind(objects, "Role")
            for rule in role["rules"]
            for name in rule.get("resourceNames", ())
        }
        assert may == {name for _, name in own}
        return own | {(o["kind"], o["metadata"]["name"]) for o in objects}

    assert not names("one") & names("two")


def test_an_upgrade_that_reuses_values_brings_the_operator_of_its_crds(tmp_path: Path) -> None:
    """`--reuse-values` keeps what the release before had, defaults included: none of them is a version."""
    newer = tmp_path / "sluice"
    shutil.copytree(CHART, newer)
    about = newer / "Chart.yaml"
    about.write_text(about.read_text().replace("appVersion: 0.1.0", "appVersion: 9.9.9"))
    old_values = tmp_path / "values.yaml"
    old_values.write_text((CHART / "values.yaml").read_text())
    done = helm("template", "--values", str(old_values), chart=newer)
    assert done.returncode == 0, done.stderr
    objects = [document for document in yaml.safe_load_all(done.stdout) if document]
    (deployment,) = of_kind(objects, "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "sluice/operator:9.9.9"
    (settings,) = of_kind(objects, "ConfigMap")
    told = yaml.safe_load(settings["data"]["settings.yaml"])
    assert (told["trainerImage"], told["chartVersion"]) == ("sluice/trainer:9.9.9", "9.9.9")


def test_only_pods_of_stages_reach_the_progress_endpoint() -> None:
    (policy,) = of_kind(render_chart(), "NetworkPolicy")
    (deployment,) = of_kind(render_chart(), "Deployment")
    wanted = policy["spec"]["podSelector"]["matchLabels"]
    assert wanted.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    rules = {rule["ports"][0]["port"]: rule.get("from") for rule in policy["spec"]["ingress"]}
    assert rules[8080] is None
    (source,) = rules[8443]
    assert source["podSelector"]["matchLabels"] == {meta.LABEL_MANAGED_BY: meta.MANAGED_BY}
    assert not list(of_kind(render_chart("--set", "networkPolicy.enabled=false"), "NetworkPolicy"))


def test_generated_files_are_current() -> None:
    stale = [str(path) for path, text in generated().items() if path.read_text() != text]
    assert not stale
