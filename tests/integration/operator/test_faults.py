"""The whole operator under faults: paused, cut off, contradicted. How it is killed stands in `test_kill`."""

import time

from sluice_api import meta, reasons
from sluice_api.contracts.envelope import Envelope
from sluice_localcluster import ControlPlane
from sluice_operator.kinds import WATCHED
from support.flow import apply_quickstart
from support.operator_process import MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import Stages, pack_spec
from support.simnode import Answer
from support.teamspace import Raw, Teamspace


def test_F02_a_standby_takes_over_from_a_killed_leader(space: Teamspace, make_operator: MakeOperator) -> None:
    with make_operator("one") as leader, make_operator("two") as standby, PodDriver(space, Stages()):
        space.wait("a leader", lambda: leader.metric("sluice_leader") == 1)
        assert standby.metric("sluice_leader") == 0
        leader.kill()
        apply_quickstart(space)
        space.wait_condition("DatasetPack", "train", "Ready", seconds=40)
        assert standby.metric("sluice_leader") == 1


def test_F15_a_leader_that_was_asleep_writes_nothing_and_ends(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    with make_operator("one") as sleeper, make_operator("two") as other:
        space.wait("a leader", lambda: sleeper.metric("sluice_leader") == 1)
        sleeper.pause()
        space.wait("another leader", lambda: other.metric("sluice_leader") == 1, 40)
        apply_quickstart(space)
        sleeper.resume()
        assert sleeper.wait(15) == 1
        assert any("Lease" in str(line.get("error", "")) for line in sleeper.log())
        space.wait_condition("DatasetPack", "train", "Reconciling")


def train_records(space: Teamspace) -> list[tuple[str, str]]:
    """How the attempts at training ended, in order."""
    found = [r["data"] for r in space.list("ControllerRevision") if r["data"].get("stage") == "train"]
    return [(r["outcome"], r["reason"]) for r in sorted(found, key=lambda r: r["attempt"])]


class Training(Stages):
    """Stages whose train Pods run until `answers` says how they end."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        self.goes_well = False

    def __call__(self, envelope: Envelope) -> Answer | None:  # type: ignore[override]
        if envelope.stage != "train" or self.goes_well:
            return super().__call__(envelope)
        return self.answers.pop(0) if self.answers else None


def test_a_train_job_that_is_deleted_is_followed_by_the_next_attempt(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    stages = Training()
    with make_operator(), PodDriver(space, stages):
        space.wait("a train Pod", lambda: bool(train_pods(space)))
        (pod,) = train_pods(space)
        name = pod["metadata"]["name"]
        # Nobody grants a grace period here: the finalizer holds the Pod as a kubelet would.
        space.patch("Pod", name, {"metadata": {"finalizers": ["test.sluice.dev/held"]}})
        space.delete("Job", pod["metadata"]["ownerReferences"][0]["name"])
        space.wait("the record", lambda: bool(train_records(space)))
        assert train_records(space) == [("Interrupted", "job_deleted")]
        stages.goes_well = True
        space.patch("Pod", name, {"metadata": {"finalizers": None}})
        space.wait_condition("TrainingRun", "good", "Ready", seconds=90)
        assert train_records(space) == [("Interrupted", "job_deleted"), ("Succeeded", "stage_succeeded")]


def train_pods(space: Teamspace) -> list[Raw]:
    return [pod for pod in space.list("Pod") if pod["metadata"]["labels"].get(meta.LABEL_STAGE) == "train"]


def test_pods_that_stop_without_getting_further_end_their_attempt(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    stages = Training()
    stages.answers = [(75, None, reasons.STOPPED_ON_REQUEST.code)] * 3
    with make_operator(), PodDriver(space, stages):
        space.wait("the record", lambda: bool(train_records(space)), 90)
        stages.goes_well = True
        space.wait_condition("TrainingRun", "good", "Ready", seconds=90)
        assert train_records(space) == [("Failed", "no_progress"), ("Succeeded", "stage_succeeded")]
        attempts = space.get("TrainingRun", "good")["status"]["attempts"]
        assert (attempts["total"], attempts["failed"], attempts["preempted"]) == (4, 1, 2)


def test_F20_a_poison_object_holds_up_nobody(space: Teamspace, make_operator: MakeOperator) -> None:
    for number in range(3):
        space.add("DatasetPack", f"poison-{number}", pack_spec("a"), {"poison": "yes"})
    space.add("DatasetPack", "good", pack_spec("a"))
    with make_operator(module="support.poison_operator", workers=1) as operator, PodDriver(space, Stages()):
        space.wait_condition("DatasetPack", "good", "Ready")
        assert operator.metric("sluice_reconcile_panics_total") > 0
        assert operator.metric("sluice_queue_failing_keys") == 3
        assert operator.get("/livez")[0] == 200


def test_a_name_that_belongs_to_somebody_else_is_shown_and_left_alone(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "live", "namespace": space.name},
        "spec": {"selector": {"app": "other"}, "ports": [{"port": 1}]},
    }
    assert space.api.call("POST", f"/api/v1/namespaces/{space.name}/services", service).code == 201
    with make_operator(), PodDriver(space, Stages()):
        space.wait_condition("Deployment", "live", "Stalled", seconds=90)
        stalled = space.condition("Deployment", "live", "Stalled")
        assert stalled["reason"] == "ChildConflict"
        assert "Service live" in stalled["message"]
        assert space.get("Service", "live")["spec"]["selector"] == {"app": "other"}


def test_F08_an_outage_of_the_api_server_is_survived(
    plane: ControlPlane, space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    with make_operator(leaseSeconds=120, leaseRenewSeconds=100, leaseRetrySeconds=1) as operator:
        space.wait("all watches", lambda: operator.metric("sluice_watches_alive") == len(WATCHED))
        plane.stop_apiserver()
        time.sleep(5)
        plane.start_apiserver()
        with PodDriver(space, Stages()):
            space.wait_condition("DatasetPack", "train", "Ready", seconds=90)
        assert operator.code is None


def test_F21_a_deleted_and_re_created_object_does_not_take_its_predecessors_children(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    space.add("DatasetPack", "pack", pack_spec("a"))
    with make_operator(), PodDriver(space, Stages()):
        space.wait_condition("DatasetPack", "pack", "Ready")
        old = {job["metadata"]["uid"] for job in space.list("Job")}
        space.delete("DatasetPack", "pack")
        space.add("DatasetPack", "pack", pack_spec("a"))
        space.wait_condition("DatasetPack", "pack", "Ready", seconds=90)
        # The garbage collector may come later than the second Ready.
        space.wait(
            "the end of the old Jobs", lambda: not old & {job["metadata"]["uid"] for job in space.list("Job")}
        )
        new = space.list("Job")
        assert [j["metadata"]["ownerReferences"][0]["uid"] for j in new] == [
            space.get("DatasetPack", "pack")["metadata"]["uid"]
        ]
        assert not old & {job["metadata"]["uid"] for job in new}
