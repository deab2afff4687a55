"""One real control plane with our CRDs for all contract tests of a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice_api.crdgen.files import CHECKOUT
from sluice_localcluster import ControlPlane
from support.kubeapi import KubeApi


@pytest.fixture(scope="package")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane"), audit=False) as running:
        for file in crd_files():
            running.kubectl("create", "-f", str(file))
        running.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield running


@pytest.fixture(scope="package")
def api(plane: ControlPlane) -> KubeApi:
    return KubeApi(plane)


def crd_files() -> list[Path]:
    return sorted((CHECKOUT / "crds").glob("*.yaml"))
