"""One control plane with our CRDs for all tests of the whole operator; each has a namespace of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluice_api.crdgen.files import CHECKOUT
from sluice_localcluster import ControlPlane, User
from support.kubeapi import KubeApi
from support.operator_process import OPERATOR, MakeOperator, OperatorProcess
from support.quickstart import SETTINGS
from support.teamspace import Teamspace

STORAGE = {
    "name": "default",
    "allowedNamespaces": ["*"],
    "prefix": "s3://sluice/{namespace}/",
    "readPrefixes": ["s3://sluice/team/"],
}
SHORT_LEASE = {"leaseSeconds": 6, "leaseRenewSeconds": 4, "leaseRetrySeconds": 1}


@pytest.fixture(scope="package")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    users = [User(OPERATOR, ("system:masters",))]
    with ControlPlane(tmp_path_factory.mktemp("plane"), users=users) as running:
        for file in sorted((CHECKOUT / "crds").glob("*.yaml")):
            running.kubectl("create", "-f", str(file))
        running.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        yield running


@pytest.fixture(scope="package")
def api(plane: ControlPlane) -> KubeApi:
    return KubeApi(plane)


@pytest.fixture
def space(api: KubeApi) -> Teamspace:
    return Teamspace.make(api)


@pytest.fixture
def make_operator(plane: ControlPlane, space: Teamspace, tmp_path: Path) -> Iterator[MakeOperator]:
    """Makes operators for the test's namespace; whatever still runs at the end is killed."""
    made: list[OperatorProcess] = []

    def make(
        identity: str = "one", module: str = "sluice_operator.__main__", **settings: Any
    ) -> OperatorProcess:
        own = {"operatorNamespace": space.name, "watchNamespaces": [space.name], "storage": [STORAGE]}
        process = OperatorProcess(
            folder=tmp_path,
            kubeconfig=plane.kubeconfig_for(OPERATOR),
            settings=SETTINGS.dump() | SHORT_LEASE | own | settings,
            identity=identity,
            module=module,
        )
        made.append(process)
        return process

    yield make
    for process in made:
        process.__exit__(None, None, None)
