"""Drift on a real control plane: ticks by the clock, real Jobs, and records that the API server keeps."""

from typing import Any

from sluice_localcluster import ControlPlane
from support.audit import wait_rest
from support.flow import apply_quickstart
from support.operator_process import OPERATOR, MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import Stages
from support.teamspace import Teamspace

EVERY = 30
QUIET_SECONDS = 10


def checks(space: Teamspace) -> list[dict[str, Any]]:
    """Drift records, oldest first."""
    found = [r["data"] for r in space.list("ControllerRevision") if r["data"].get("record") == "drift"]
    return sorted(found, key=lambda r: int(r["tick"]))


def test_two_bad_ticks_are_drift_and_nothing_is_written_between_them(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    space.patch("Deployment", "live", {"spec": {"drift": {"everySeconds": EVERY}}})
    with make_operator() as operator, PodDriver(space, Stages(change=lambda _: -0.2)):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        assert space.condition("Deployment", "live", "Drifted")["reason"] == "DriftUnchecked"
        space.wait("the first check", lambda: len(checks(space)) == 1, seconds=90)
        assert space.condition("Deployment", "live", "Drifted")["status"] != "True"
        wait_rest(plane.audit_log, OPERATOR, space.name, QUIET_SECONDS)
        space.wait_condition("Deployment", "live", "Drifted", seconds=90)
        status = space.get("Deployment", "live")["status"]["drift"]
        assert (status["verdict"], status["consecutiveFailures"]) == ("Bad", 2)
        assert (status["score"], status["baseline"]) == ("0.7", "0.9")
        assert operator.metric("sluice_drift_checks_total") == 2
    assert [(c["tick"], c["result"]) for c in checks(space)] == [(1, "Bad"), (2, "Bad")]
    assert space.get("Service", "live")["spec"]["selector"]["sluice.dev/slot"] == checks(space)[0]["slot"]
