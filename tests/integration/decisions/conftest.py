"""A control plane with the chart's policies and roles, an operator with the chart's own rights, and people.

`town` is one namespace in which a first model serves. Tests share it, because none of them may change what it
serves; a test that may makes a namespace of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sluice_localcluster import ControlPlane, User
from sluice_localcluster.probe import wait_until
from support.asked import EDITOR, GATEKEEPER, PROMOTER, served
from support.chart import SYSTEM, apply_chart, render_chart
from support.flow import apply_quickstart
from support.kubeapi import KubeApi
from support.operator_process import OperatorProcess
from support.pod_driver import PodDriver, stamp
from support.quickstart import SETTINGS, Stages
from support.teamspace import Teamspace
from support.tricks import CALLERS, WILDCARD, Trick, furnish, meets

VIEWER, TRAINER, ADMIN, NEIGHBOUR = "vera", "tess", "ada", "nina"
GITOPS = [CALLERS[tool][0] for tool in ("argo", "flux")]
ROLES = {
    VIEWER: ("sluice-viewer",),
    TRAINER: ("sluice-trainer",),
    PROMOTER: ("sluice-promoter",),
    EDITOR: ("edit",),
    GATEKEEPER: ("edit", "sluice-gates"),
    ADMIN: ("admin",),
    WILDCARD: ("cluster-admin",),
}
STORAGE = {
    "name": "default",
    "allowedNamespaces": ["*"],
    "prefix": "s3://sluice/{namespace}/",
    "readPrefixes": ["s3://sluice/team/"],
    "secretName": "sluice-s3",
}
LEASE = {"leaseSeconds": 6, "leaseRenewSeconds": 4, "leaseRetrySeconds": 1}


@dataclass(frozen=True)
class Caller:
    """An API server as one user enters it."""

    url: str
    ca_file: Path
    token: str


@pytest.fixture(scope="package")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    users = [User(name) for name in (*ROLES, NEIGHBOUR)]
    with ControlPlane(tmp_path_factory.mktemp("decisions"), audit=False, users=users) as running:
        install(running)
        yield running


def install(plane: ControlPlane) -> None:
    """The chart without its Pods, and wait until its policies are in force."""
    plane.kubectl("create", "namespace", SYSTEM)
    apply_chart(plane, [*render_chart(), gates_role()])
    wait_until("the policies", lambda: is_in_force(plane), 60)
    plane.kubectl("delete", "modeldeployment", "probe")


def gates_role() -> dict[str, Any]:
    """What roles.gatesForEdit gives to edit, here for one user alone."""
    objects = render_chart("--set=roles.gatesForEdit=true")
    role: dict[str, Any] = next(o for o in objects if o["metadata"]["name"] == "sluice-gates")
    return role | {"metadata": {"name": "sluice-gates"}}


def is_in_force(plane: ControlPlane) -> bool:
    """Whether a request in somebody else's name is refused, even to the administrator."""
    name = "sluice.dev/promote"
    body = {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Deployment",
        "metadata": {"name": "probe", "namespace": "default"},
        "spec": {"gateRef": {"name": "gate"}},
    }
    path = "/apis/sluice.dev/v1alpha1/namespaces/default/modeldeployments"
    api = KubeApi(plane)
    api.call("POST", path, body)
    note = {"metadata": {"annotations": {name: "x"}}}
    answer = api.call("PATCH", f"{path}/probe?dryRun=All", note, "application/merge-patch+json")
    return answer.code == 422


@pytest.fixture(scope="package")
def api(plane: ControlPlane) -> KubeApi:
    return KubeApi(plane)


def make_space(api: KubeApi) -> Teamspace:
    """A namespace in which everybody has the role that bears their name."""
    space = Teamspace.make(api)
    for user, roles in (ROLES | dict.fromkeys(GITOPS, ("admin",))).items():
        for role in roles:
            space.bind(user, role)
    return space


@pytest.fixture(scope="package")
def new_space(api: KubeApi) -> Callable[[], Teamspace]:
    return lambda: make_space(api)


@pytest.fixture(scope="package")
def as_user(plane: ControlPlane) -> Callable[[Teamspace, str], Teamspace]:
    """The same namespace, seen by somebody else."""
    known: dict[str, KubeApi] = {}

    def enter(space: Teamspace, user: str) -> Teamspace:
        if user not in known:
            known[user] = KubeApi(Caller(plane.url, plane.ca_file, plane.token_of(user)))
        return Teamspace(known[user], space.name)

    return enter


@pytest.fixture(scope="package")
def attempt(api: KubeApi) -> Callable[[Trick], None]:
    """Try a trick in a furnished namespace, or in the one that is the neighbour's own."""
    space, elsewhere = make_space(api), Teamspace.make(api)
    elsewhere.bind(NEIGHBOUR, "edit")
    furnish(space)
    return lambda trick: meets(trick, elsewhere if trick.elsewhere else space)


@pytest.fixture(scope="package")
def operator(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    """One operator for all namespaces, as the chart's ServiceAccount."""
    own: dict[str, Any] = {"operatorNamespace": SYSTEM, "storage": [STORAGE], "decisionsVerified": True}
    for kind in ("compute", "serving"):
        offered = SETTINGS.dump()[kind]
        own[kind] = [*offered, offered[0] | {"name": "private", "allowedNamespaces": ["elsewhere"]}]
    token = plane.service_account_token(SYSTEM, "sluice")
    process = OperatorProcess(
        folder=tmp_path_factory.mktemp("operator"),
        kubeconfig=plane.kubeconfig_for("sluice", token),
        settings=SETTINGS.dump() | LEASE | own,
    )
    with process:
        yield process


@pytest.fixture(scope="package")
def town(api: KubeApi, operator: OperatorProcess) -> Iterator[Teamspace]:
    space = make_space(api)
    apply_quickstart(space)
    with PodDriver(space, Stages(clock=stamp)):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        yield space


@pytest.fixture
def edited(town: Teamspace, as_user: Callable[[Teamspace, str], Teamspace]) -> Iterator[Teamspace]:
    """The namespace of one who may edit all and decide nothing; what it serves is the same afterwards."""
    before = served(town)
    yield as_user(town, GATEKEEPER)
    after = served(town)
    # A decision of others may have added to the records; what stands in them stays.
    assert before.pop("records").items() <= after.pop("records").items()
    assert after == before
