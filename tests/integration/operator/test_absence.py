"""While nobody looks: the operator is away for a promotion or a window, or its namespace is deleted."""

import time

from kill.stories import Scene
from support.operator_process import MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import LABELS, run_spec
from support.teamspace import Raw, Teamspace

WINDOW_SECONDS = 5
LONG_LEASE = {"leaseSeconds": 15, "leaseRenewSeconds": 10}
"""Nobody takes over here, and nobody starts again who lost a Lease on a busy machine."""


def digests_of_slots(space: Teamspace) -> set[str]:
    return {s["metadata"]["annotations"]["sluice.dev/digest"] for s in space.list("AppsDeployment")}


def causes(space: Teamspace) -> list[tuple[str, str]]:
    """The audit chain in order: phase and cause."""
    found = [r["data"] for r in space.list("ControllerRevision") if r["data"]["record"] == "audit"]
    return [(r["phase"], r["cause"]) for r in sorted(found, key=lambda r: r["sequence"])]


def public(space: Teamspace) -> Raw:
    return dict(space.get("Service", "live")["spec"]["selector"])


def test_a_promotion_waits_for_an_operator_that_is_away(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    scene = Scene(space)
    with make_operator(**LONG_LEASE) as operator, PodDriver(space, scene.stages):
        first = scene.first_goes_live()
        scene.stages.holds = lambda e: e.stage == "verify" and e.request["digest"] != first
        second = scene.second_is_trained()
        space.wait("the check of the candidate", lambda: len(verify_jobs(space)) == 2, 90)
        before = public(space)
        assert operator.stop() == 0
        scene.stages.holds = lambda _: False
        space.wait("the end of the check", lambda: all(has_ended(job) for job in verify_jobs(space)), 60)
        assert public(space) == before
        assert digests_of_slots(space) == {first, second}
        operator.start()
        scene.serves(second)
        twice = [("intended", "automatic"), ("done", "automatic")] * 2
        space.wait("the outcome", lambda: causes(space) == twice)


def verify_jobs(space: Teamspace) -> list[Raw]:
    return [j for j in space.list("Job") if j["metadata"]["labels"]["sluice.dev/stage"] == "verify"]


def has_ended(job: Raw) -> bool:
    return any(c["type"] == "Complete" for c in job.get("status", {}).get("conditions", []))


def second_goes_live(scene: Scene) -> tuple[str, str]:
    """Two models, one after the other, and a short way back; their digests."""
    first = scene.first_goes_live()
    scene.space.patch("Deployment", "live", {"spec": {"rollback": {"keepPreviousSeconds": WINDOW_SECONDS}}})
    second = scene.second_is_trained()
    scene.serves(second)
    return first, second


def test_a_window_that_closed_while_the_operator_was_away_is_closed(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    scene = Scene(space)
    with make_operator(**LONG_LEASE) as operator, PodDriver(space, scene.stages):
        first, second = second_goes_live(scene)
        assert operator.stop() == 0
        time.sleep(WINDOW_SECONDS)
        operator.start()
        space.wait("the end of the spare slot", lambda: digests_of_slots(space) == {second})
        scene.serves(second)
        # Later, the slot is built again from its record.
        scene.ask_rollback(first)
        scene.serves(first)
        done = [("intended", "rollback-to"), ("done", "rollback-to")]
        space.wait("the outcome", lambda: causes(space)[-2:] == done)


def test_a_rollback_asked_for_while_the_operator_was_away_is_done(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    scene = Scene(space)
    with make_operator(**LONG_LEASE) as operator, PodDriver(space, scene.stages):
        first, second = second_goes_live(scene)
        assert operator.stop() == 0
        scene.ask_rollback(first)
        time.sleep(WINDOW_SECONDS)
        operator.start()
        scene.serves(first)
        # The status tells of the switch a moment before its outcome is recorded.
        space.wait("the refusal", lambda: [r["digest"] for r in scene.live["refused"]] == [second])


def test_a_namespace_is_deleted_with_everything_in_it(space: Teamspace, make_operator: MakeOperator) -> None:
    scene = Scene(space)
    with (
        make_operator(operatorNamespace="default", **LONG_LEASE) as operator,
        PodDriver(space, scene.stages),
    ):
        scene.first_goes_live()
        scene.stages.holds = lambda e: e.stage == "train"
        space.add("TrainingRun", "better", run_spec(2), LABELS)
        space.wait(
            "training", lambda: any("better-train" in j["metadata"]["name"] for j in space.list("Job"))
        )
        path = f"/api/v1/namespaces/{space.name}"
        assert space.api.call("DELETE", path).code == 200
        space.wait("its end", lambda: space.api.call("GET", path).code == 404, 90)
        # Whoever was refused in a namespace that ends looks once more, half a minute later.
        space.wait("nothing to try again", lambda: operator.metric("sluice_queue_failing_keys") == 0, 90)
        assert operator.metric("sluice_queue_depth") == 0
        assert operator.metric("sluice_reconcile_panics_total") == 0
        assert operator.stop() == 0
