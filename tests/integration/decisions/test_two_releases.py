"""Two releases in one cluster, each with a namespace of its own: the policies of one let the other work."""

from collections.abc import Iterator
from typing import Any

import pytest

from sluice_localcluster import ControlPlane
from support.chart import apply_chart, render_chart
from support.kubeapi import KubeApi
from support.teamspace import Teamspace
from support.tricks import OURS, WILDCARD, Trick, container, furnish, meets, ours, template

RELEASES = {"one": "team-one", "two": "team-two"}
SAFE = {"securityContext": {"allowPrivilegeEscalation": False}}
SHAPE = container(restartPolicy="Never", automountServiceAccountToken=False)
JOB = ours("Job", "mine", {"template": template(SHAPE, **OURS)}, "batch/v1")
JOB["spec"]["template"]["spec"]["containers"][0] |= SAFE


def account(release: str) -> str:
    return f"system:serviceaccount:{release}-system:{release}"


@pytest.fixture(scope="module")
def spaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Teamspace]]:
    """The furnished namespace of each release."""
    with ControlPlane(tmp_path_factory.mktemp("two"), audit=False) as plane:
        api = KubeApi(plane)
        for name, namespace in RELEASES.items():
            plane.kubectl("create", "namespace", namespace)
            plane.kubectl("create", "namespace", f"{name}-system")
            apply_chart(plane, rendered(name))
        found = {name: Teamspace(api, namespace) for name, namespace in RELEASES.items()}
        for space in found.values():
            space.bind(WILDCARD, "cluster-admin")
            furnish(space)
        yield found


def rendered(name: str) -> list[dict[str, Any]]:
    """The release of that name; what is cluster-wide comes with the first."""
    first = str(name == "one").lower()
    own = f"nameOverride={name},watchNamespaces={{{RELEASES[name]}}}"
    return render_chart(
        "--set", f"{own},roles.install={first},crds.install={first}", namespace=f"{name}-system"
    )


def tricks(mine: str, other: str) -> list[Trick]:
    """What one operator does in its own namespace, and may not in the other's."""
    return [
        Trick(mine, "POST jobs", JOB),
        Trick(mine, "PATCH services/live", {"spec": {"selector": {"sluice.dev/slot": "a"}}}),
        Trick(mine, "DELETE services/live"),
        Trick(mine, "DELETE jobs/stage", {"propagationPolicy": "Background"}),
        Trick(mine, "PATCH modeldeployments/live/status", {"status": {"phase": "Live"}}),
        Trick(mine, "DELETE services/theirs", None, "does not carry the labels of Sluice"),
        Trick(other, "POST jobs", JOB, "cannot create"),
        Trick(other, "PATCH modeldeployments/live/status", {"status": {}}, "cannot patch"),
        Trick(WILDCARD, "POST pods/ours/exec", None, "works for Deployment live"),
    ]


@pytest.mark.parametrize("name", RELEASES)
def test_each_operator_works_where_its_release_does(spaces: dict[str, Teamspace], name: str) -> None:
    (other,) = RELEASES.keys() - {name}
    for trick in tricks(account(name), account(other)):
        meets(trick, spaces[name])
