"""The whole operator on a real control plane: from packs to live traffic, and peace afterwards."""

from sluice_localcluster import ControlPlane
from sluice_operator.kinds import Kind
from support.audit import wait_rest
from support.flow import apply_quickstart, jobs_by_request, shape, wait_archived
from support.operator_process import OPERATOR, MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import Stages
from support.teamspace import Teamspace

IDLE_SECONDS = 20
GRACE_SECONDS = 30
"""As in the chart: later it would be killed."""


def test_rows_become_live_traffic_and_then_nothing_is_written(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    with make_operator() as operator, PodDriver(space, Stages()):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        assert space.get("Service", "live")["spec"]["selector"]["sluice.dev/slot"]
        wait_archived(space)
        assert all(len(jobs) == 1 for jobs in jobs_by_request(space).values())
        wait_rest(plane.audit_log, OPERATOR, space.name, IDLE_SECONDS)
        assert operator.metric("sluice_reconcile_panics_total") == 0
        assert not [line for line in operator.log() if line.get("level") == "error"]


def test_a_deleted_status_comes_back_the_same(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    with make_operator(), PodDriver(space, Stages()):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        wait_archived(space)
        wait_rest(plane.audit_log, OPERATOR, space.name, 2)
        objects: list[tuple[Kind, str]] = [
            ("TrainingRun", "good"),
            ("EvalGate", "gate"),
            ("Deployment", "live"),
        ]
        for kind, name in objects:
            before = shape(space.get(kind, name)["status"])
            space.patch(kind, name, {"status": None}, "status")
            space.wait_condition(kind, name, "Ready")
            assert shape(space.get(kind, name)["status"]) == before


def test_what_happened_while_the_operator_was_away_is_seen(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    with make_operator() as operator, PodDriver(space, Stages()):
        space.wait_condition("DatasetPack", "train", "Ready")
        assert operator.stop() == 0
        space.delete("TrainingRun", "good")
        space.wait("the run is gone", lambda: space.find("TrainingRun", "good") is None)
        operator.start()
        space.wait(
            "the gate has no candidate",
            lambda: space.condition("EvalGate", "gate", "Ready").get("reason") == "NoCandidate",
        )
        assert not [job for job in space.list("Job") if job["metadata"]["name"].startswith("good-")]


def test_F03_a_stop_ends_in_time_and_gives_the_lease_back(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    with make_operator() as operator:
        space.wait_condition("DatasetPack", "train", "Reconciling")
        assert operator.stop(seconds=GRACE_SECONDS) == 0
    lease = plane.kubectl(
        "get", "lease", "sluice-operator", "-n", space.name, "-o=jsonpath={.spec.holderIdentity}"
    )
    assert lease == ""
