"""A second release: refused with a sentence where both would write the same objects, else let be."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from sluice_localcluster import ControlPlane, binaries
from sluice_operator.chartgen import CHART
from support.chart import SYSTEM

OTHER = "other-system"
NAMES_OF_ITS_OWN = "--set=nameOverride=second,roles.install=false,crds.install=false"


def dry_run(plane: ControlPlane, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the API server and the chart say about a second release."""
    program = str(binaries.ensure(binaries.HELM) / "helm")
    argv = [
        program,
        "install",
        "second",
        str(CHART),
        "-n",
        OTHER,
        "--dry-run=server",
        NAMES_OF_ITS_OWN,
        *arguments,
    ]
    folder = plane.kubeconfig.parent  # Helm caches what it discovers
    environment = {"KUBECONFIG": str(plane.kubeconfig), "HOME": str(folder)}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, cwd=folder)


@pytest.fixture(scope="module", autouse=True)
def namespace(plane: ControlPlane) -> Iterator[None]:
    plane.kubectl("create", "namespace", OTHER)
    yield
    plane.kubectl("delete", "namespace", OTHER, "--wait=false")


@pytest.mark.parametrize("own", [(), ("--set=watchNamespaces={team-a}",)])
def test_a_release_that_would_work_where_another_does_is_refused(
    plane: ControlPlane, own: tuple[str, ...]
) -> None:
    done = dry_run(plane, *own)
    assert done.returncode != 0
    assert f"release sluice in namespace {SYSTEM} has an operator that works in all namespaces" in done.stderr
    assert "watchNamespaces" in done.stderr


@pytest.mark.parametrize(("theirs", "is_refused"), [("team-a,team-b", True), ("team-c", False)])
def test_releases_with_namespaces_of_their_own_are_let_be(
    plane: ControlPlane, theirs: str, is_refused: bool
) -> None:
    note = {"metadata": {"annotations": {"sluice.dev/watch-namespaces": theirs}}}
    patch = ("patch", "serviceaccount", "sluice", "-n", SYSTEM, "--type=merge", "-p")
    plane.kubectl(*patch, json.dumps(note))
    try:
        done = dry_run(plane, "--set=watchNamespaces={team-a}")
    finally:
        plane.kubectl(*patch, json.dumps({"metadata": {"annotations": {"sluice.dev/watch-namespaces": ""}}}))
    assert (done.returncode != 0) == is_refused, done.stderr


def test_who_may_look_at_no_other_namespace_can_still_install(plane: ControlPlane) -> None:
    """A release without anything of the cluster's asks the cluster nothing."""
    own = "--set=watchNamespaces={team-a},policies.enabled=false"
    assert dry_run(plane, own).returncode == 0
