"""Traffic on a real control plane: it moves on, goes back when asked, and comes back from hands not ours."""

import time

from sluice_api.decisions import ANNOTATIONS, Request
from support.flow import apply_quickstart
from support.operator_process import MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import LABELS, Stages, run_spec
from support.teamspace import Raw, Teamspace
from support.tricks import slice_of


def slot_of(space: Teamspace) -> str:
    """Slot that the public Service leads to."""
    return str((space.get("Service", "live")["spec"].get("selector") or {}).get("sluice.dev/slot", ""))


def serves(space: Teamspace) -> str:
    """Digest that the public Service leads to."""
    slot = space.find("AppsDeployment", slot_of(space)) if slot_of(space) else None
    return str(slot["metadata"]["annotations"]["sluice.dev/digest"]) if slot else ""


def ask_back(space: Teamspace, digest: str) -> None:
    """Ask to go back, as the plugin does."""
    seen = space.get("Deployment", "live")["status"]["audit"]["sequence"]
    request = Request(decision="rollback-to", digest=digest, id=f"{seen}.abcd", user="ann")
    body = {"metadata": {"annotations": {ANNOTATIONS["rollback-to"]: request.text()}}}
    space.patch("Deployment", "live", body)


def add_sidecar(space: Teamspace, slot: str) -> None:
    """Change the live slot by hand: one container more, and one hook."""
    found = space.get("AppsDeployment", slot)
    containers = found["spec"]["template"]["spec"]["containers"]
    containers[0]["lifecycle"] = {"postStart": {"exec": {"command": ["true"]}}}
    containers.append({"name": "sidecar", "image": "evil"})
    body: Raw = {"spec": {"template": {"spec": {"containers": containers, "hostNetwork": True}}}}
    space.patch("AppsDeployment", slot, body)


def test_traffic_moves_on_goes_back_and_is_put_back(space: Teamspace, make_operator: MakeOperator) -> None:
    apply_quickstart(space)
    with (
        make_operator(),
        PodDriver(space, Stages(clock=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))),
    ):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        first = serves(space)
        time.sleep(1.1)  # the newer artifact is of another second
        space.add("TrainingRun", "better", run_spec(2), LABELS)
        space.wait("the newer model serves", lambda: serves(space) not in ("", first), seconds=120)
        space.wait_condition("Deployment", "live", "Ready", seconds=60)
        second = serves(space)

        ask_back(space, first)
        space.wait("the earlier model serves", lambda: serves(space) == first)
        space.wait_condition("Deployment", "live", "RolledBack")
        refused = space.get("Deployment", "live")["status"]["refused"]
        assert [r["digest"] for r in refused] == [second]

        slot = slot_of(space)
        before = space.get("AppsDeployment", slot)["spec"]["template"]
        add_sidecar(space, slot)
        space.wait("the slot is put back", lambda: _template(space, slot) == before)
        space.patch("Service", "live", {"spec": {"selector": {"app": "mine"}}})
        space.wait(
            "the selector is put back",
            lambda: _selector(space) == {"sluice.dev/slot": slot, "sluice.dev/owner": "live"},
        )
        for service in ("live", slot):
            space.post("EndpointSlice", slice_of(service, f"foreign-{service}"))
        space.wait("foreign slices are gone", lambda: "foreign-" not in str(space.list("EndpointSlice")))
        space.wait(
            "it is told", lambda: "led Service live to 10.9.9.9" in str(space.events("TrafficTampered"))
        )
        space.delete("Service", "live")
        space.wait(
            "the Service is back",
            lambda: space.find("Service", "live") is not None and slot_of(space) == slot,
        )


def _template(space: Teamspace, slot: str) -> Raw:
    found: Raw = space.get("AppsDeployment", slot)["spec"]["template"]
    return found


def _selector(space: Teamspace) -> Raw:
    found: Raw = space.get("Service", "live")["spec"].get("selector") or {}
    return found
