"""One pass: what is written, in which order, what stops it, and what is told."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from sluice_api import meta as names
from sluice_api import reasons
from sluice_api.text import has_controls
from sluice_operator import metrics
from sluice_operator.adapters.cluster.cluster import Cluster
from sluice_operator.adapters.cluster.errors import Conflict, Forbidden, Unavailable
from sluice_operator.adapters.cluster.events import Recorder
from sluice_operator.cache import Cache
from sluice_operator.intake import Intake
from sluice_operator.kinds import Kind
from sluice_operator.model import Apply, Create, Delete, EventNote, Key, Observed, Patch, Plan, Seen
from sluice_operator.observe import Observer
from sluice_operator.reconcile import Outcome, Reconciler
from sluice_operator.views import view_of
from sluice_operator.writes import ChildConflict, Outdated
from support import objects
from support.fakecluster import FakeCluster, FakeRecorder
from support.quickstart import SETTINGS

RUN = Key("team", "TrainingRun", "run")
OWNER = ("TrainingRun", "run")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATUS = {
    "phase": "Running",
    "conditions": [
        {
            "type": "Ready",
            "status": "False",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "reason": "Running",
            "message": "",
        }
    ],
}
CREATED = EventNote(reasons.JOB_CREATED, "Job j")


@dataclass
class Rig:
    """A reconciler whose planner gives the plan that a test wants."""

    plan: Plan = field(default_factory=Plan)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    cache: Cache = field(default_factory=Cache)
    recorder: FakeRecorder = field(default_factory=FakeRecorder)
    woken: list[Key] = field(default_factory=list)
    seen: list[Observed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.intake = Intake(self.cache, self.woken.append)
        cluster = cast(Cluster, self.cluster)
        observer = Observer(self.cache, cluster, self.intake, SETTINGS, lambda: NOW, lambda _: None)
        planners = {"TrainingRun": self._planned}
        recorder = cast(Recorder, self.recorder)
        self.reconciler = Reconciler(observer, planners, cluster, self.intake, recorder)  # type: ignore[arg-type]
        self.add("TrainingRun", objects.resource("TrainingRun", "run"))

    def _planned(self, observed: Observed) -> Plan:
        self.seen.append(observed)
        return self.plan

    def add(self, kind: Kind, raw: dict[str, Any], *, known: bool = True) -> dict[str, Any]:
        """An object in the cluster, and in the cache unless nobody heard of it yet."""
        stored = self.cluster.put(kind, raw)
        if known:
            self.cache.put(kind, view_of(kind, stored))
        self.woken.clear()
        return stored

    async def run(self, plan: Plan) -> Outcome:
        self.plan = plan
        return await self.reconciler.reconcile(RUN)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def job(name: str = "j", request: str = "h", owner_number: int = 1) -> dict[str, Any]:
    raw = objects.job(name, OWNER, owner_number=owner_number)
    raw["metadata"]["annotations"][names.ANNOTATION_REQUEST_HASH] = request
    for server_side in ("uid", "resourceVersion"):
        del raw["metadata"][server_side]
    return raw


async def test_a_gone_object_is_forgotten(rig: Rig) -> None:
    assert (await rig.reconciler.reconcile(Key("team", "TrainingRun", "gone"))).is_gone


async def test_an_object_on_its_way_out_is_left_to_the_garbage_collector(rig: Rig) -> None:
    dying = objects.resource("TrainingRun", "run")
    dying["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    rig.add("TrainingRun", dying)
    assert await rig.run(Plan(apply=(Create(job()),), status=STATUS)) == Outcome()
    assert (rig.seen, rig.cluster.writes) == ([], [])


async def test_deletes_come_before_writes_and_the_status_comes_last(rig: Rig) -> None:
    old = rig.add("Job", objects.job("old", OWNER, number=7))
    plan = Plan(
        apply=(Create(job()),),
        delete=(Delete("Job", "old", old["metadata"]["uid"], "why"),),
        status=STATUS,
        events=(CREATED,),
        requeue_after=5,
    )
    assert await rig.run(plan) == Outcome(requeue_after=5)
    assert rig.cluster.writes == [
        ("delete", "Job", "old"),
        ("create", "Job", "j"),
        ("status", "TrainingRun", "run"),
    ]
    assert rig.recorder.posted == ["JobCreated"]


async def test_no_control_character_of_a_user_gets_into_status_or_events(rig: Rig) -> None:
    odd = "a\u009b31mb\u202ec\x1bd\ne"
    told = {"phase": "Failed", "failure": {"message": odd}, "holds": [{"message": odd}]}
    await rig.run(Plan(status=told, events=(EventNote(reasons.FAILED, odd),), apply=(Create(job()),)))
    related = rig.cache.related(RUN)
    assert related is not None
    shown = "a\ufffd31mb\ufffdc\ufffdd e"
    assert related.resource.status["failure"]["message"] == shown
    assert related.resource.status["holds"] == [{"message": shown}]
    assert rig.recorder.messages == [shown]


async def test_a_refused_write_is_told_without_control_characters(rig: Rig) -> None:
    rig.cluster.refuse["create", "Job"] = Forbidden(403, "no\u009bno")
    with pytest.raises(Forbidden):
        await rig.run(Plan(apply=(Create(job()),), status=STATUS))
    assert not has_controls("".join(rig.recorder.messages))


async def test_answers_are_known_to_the_next_pass_at_once(rig: Rig) -> None:
    await rig.run(Plan(apply=(Create(job()),), status=STATUS))
    assert RUN in rig.woken
    related = rig.cache.related(RUN)
    assert related is not None
    assert [j.meta.name for j in related.jobs] == ["j"]
    assert related.resource.status == STATUS


async def test_nothing_is_written_or_told_when_nothing_changes(rig: Rig) -> None:
    await rig.run(Plan(status=STATUS, events=(CREATED,)))
    rig.cluster.writes.clear()
    rig.recorder.posted.clear()
    rig.woken.clear()
    await rig.run(Plan(status=deepcopy(STATUS), events=(CREATED,)))
    assert (rig.cluster.writes, rig.recorder.posted, rig.woken) == ([], [], [])


async def test_an_apply_that_changes_nothing_wakes_nobody(rig: Rig) -> None:
    await rig.run(Plan(apply=(Create(job()),)))
    version = rig.cluster.objects["Job", "j"]["metadata"]["resourceVersion"]
    rig.woken.clear()
    unchanged = deepcopy(rig.cluster.objects["Job", "j"])
    rig.cluster.apply = lambda _: answer(unchanged)  # type: ignore[method-assign,assignment]
    await rig.run(Plan(apply=(Apply(job()),)))
    assert unchanged["metadata"]["resourceVersion"] == version
    assert rig.woken == []


async def answer(value: Any) -> Any:
    return value


async def test_a_status_that_meets_a_conflict_is_tried_again_and_its_object_stays_known(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy server answers 409 about the very object, too."""
    with monkeypatch.context() as patch:
        patch.setattr(rig.cluster, "write_status", refuse)
        with pytest.raises(Outdated):
            await rig.run(Plan(status=STATUS))
    assert await rig.run(Plan(status=STATUS)) == Outcome()
    assert rig.cluster.writes == [("status", "TrainingRun", "run")]


async def test_a_status_of_a_replaced_object_makes_the_new_one_known(rig: Rig) -> None:
    rig.cluster.put("TrainingRun", objects.resource("TrainingRun", "run", number=2))
    with pytest.raises(Outdated):
        await rig.run(Plan(status=STATUS))
    related = rig.cache.related(RUN)
    assert related is not None
    assert related.resource.meta.uid == rig.cluster.objects["TrainingRun", "run"]["metadata"]["uid"]


async def refuse(*_: object) -> Any:
    raise Conflict(409, "the object has been modified")


async def test_a_status_that_the_server_prunes_is_not_written_for_ever(rig: Rig) -> None:
    rig.cluster.prune = frozenset({"phase"})
    for _ in range(3):
        await rig.run(Plan(status=STATUS))
    assert rig.cluster.writes == [("status", "TrainingRun", "run")]


async def test_a_status_that_somebody_wiped_is_written_again(rig: Rig) -> None:
    rig.cluster.prune = frozenset({"phase"})
    await rig.run(Plan(status=STATUS))
    rig.add("TrainingRun", rig.cluster.objects["TrainingRun", "run"] | {"status": {}})
    await rig.run(Plan(status=STATUS))
    assert len(rig.cluster.writes) == 2


@pytest.mark.parametrize(
    "change", [{"uid": objects.uid(2)}, {"generation": 2}, {"deletionTimestamp": "2026"}]
)
async def test_nothing_is_created_for_an_owner_that_changed_meanwhile(
    rig: Rig, change: dict[str, Any]
) -> None:
    raw = objects.resource("TrainingRun", "run")
    rig.add("TrainingRun", raw | {"metadata": raw["metadata"] | change}, known=False)
    with pytest.raises(Outdated):
        await rig.run(Plan(apply=(Create(job()),), status=STATUS))
    assert rig.cluster.writes == []
    assert RUN in rig.woken


async def test_nothing_is_created_for_an_owner_that_is_gone(rig: Rig) -> None:
    del rig.cluster.objects["TrainingRun", "run"]
    with pytest.raises(Outdated):
        await rig.run(Plan(apply=(Create(job()),)))
    assert rig.cache.keys() == ()


async def test_a_job_whose_record_exists_is_not_created_again(rig: Rig) -> None:
    rig.add("ControllerRevision", objects.revision("j", OWNER, {}, number=7), known=False)
    with pytest.raises(Outdated):
        await rig.run(Plan(apply=(Create(job(), unless_record="j"),)))
    assert rig.cluster.writes == []


async def test_a_job_that_is_there_after_all_is_not_recorded_as_deleted(rig: Rig) -> None:
    rig.add("Job", job(), known=False)
    with pytest.raises(Outdated):
        await rig.run(Plan(apply=(Create(objects.revision("j", OWNER, {}), unless_job="j"),)))
    assert rig.cluster.writes == []
    related = rig.cache.related(RUN)
    assert related is not None
    assert [j.meta.name for j in related.jobs] == ["j"]


async def test_F02_a_job_that_an_earlier_life_created_is_taken_for_ours(rig: Rig) -> None:
    rig.add("Job", job(), known=False)
    await rig.run(Plan(apply=(Create(job()),), status=STATUS))
    related = rig.cache.related(RUN)
    assert related is not None
    assert [j.meta.name for j in related.jobs] == ["j"]
    assert rig.cluster.writes[-1] == ("status", "TrainingRun", "run")


async def test_our_own_job_with_another_request_means_looking_again(rig: Rig) -> None:
    rig.add("Job", job(request="other"), known=False)
    with pytest.raises(Outdated):
        await rig.run(Plan(apply=(Create(job()),)))


async def test_a_record_with_other_content_means_looking_again(rig: Rig) -> None:
    rig.add("ControllerRevision", objects.revision("r", OWNER, {"a": 1}, number=7), known=False)
    with pytest.raises(Outdated):
        await rig.run(Plan(apply=(Create(objects.revision("r", OWNER, {"a": 2})),)))
    await rig.run(Plan(apply=(Create(objects.revision("r", OWNER, {"a": 1})),)))


async def test_F21_what_a_deleted_namesake_left_is_cleared_away(rig: Rig) -> None:
    rig.add("Job", job(owner_number=9), known=False)
    with pytest.raises(Outdated):
        await rig.run(Plan(apply=(Create(job()),)))
    assert ("Job", "j") not in rig.cluster.objects


async def test_a_name_that_belongs_to_another_is_shown_and_left_alone(rig: Rig) -> None:
    foreign = job()
    foreign["metadata"]["ownerReferences"] = objects.controller("apps/v1", "StatefulSet", "db", 9)
    foreign["metadata"]["annotations"] = {}
    rig.add("Job", foreign, known=False)
    with pytest.raises(ChildConflict, match="StatefulSet db"):
        await rig.run(Plan(apply=(Create(job()), Create(job("k"))), status=STATUS, events=(CREATED,)))
    conditions = {c["type"]: c for c in rig.cluster.objects["TrainingRun", "run"]["status"]["conditions"]}
    assert (conditions["Stalled"]["status"], conditions["Stalled"]["reason"]) == ("True", "ChildConflict")
    assert conditions["Ready"]["status"] == "False"
    assert rig.recorder.posted == ["ChildConflict"]
    assert ("create", "Job", "k") not in rig.cluster.writes


async def test_what_bears_our_name_and_request_but_no_label_is_not_ours(rig: Rig) -> None:
    forged = job()
    forged["metadata"]["labels"] = {}
    rig.add("Job", forged, known=False)
    with pytest.raises(ChildConflict, match="exists without our labels"):
        await rig.run(Plan(apply=(Create(job()),), status=STATUS))
    assert rig.cluster.objects["Job", "j"] == forged


async def test_F06_a_refusal_is_shown_once_and_stops_the_writing(rig: Rig) -> None:
    rig.cluster.refuse["create", "Job"] = Forbidden(403, "exceeded quota")
    for _ in range(2):
        with pytest.raises(Forbidden):
            await rig.run(Plan(apply=(Create(job()),), status=STATUS, events=(CREATED,)))
    conditions = {c["type"]: c for c in rig.cluster.objects["TrainingRun", "run"]["status"]["conditions"]}
    assert (conditions["Reconciling"]["status"], conditions["Reconciling"]["reason"]) == (
        "True",
        "ApplyFailed",
    )
    assert "exceeded quota" in conditions["Ready"]["message"]
    assert rig.recorder.posted == ["ApplyFailed"]
    assert rig.cluster.writes == [("status", "TrainingRun", "run")]


async def test_a_refused_delete_holds_up_neither_other_deletes_nor_writes(rig: Rig) -> None:
    held = rig.add("Job", objects.job("held", OWNER, number=7))
    old = rig.add("ControllerRevision", objects.revision("old", OWNER, {}, number=8))
    rig.cluster.refuse["delete", "Job"] = Forbidden(403, "a webhook keeps it")
    deletes = (
        Delete("Job", "held", held["metadata"]["uid"], "why"),
        Delete("ControllerRevision", "old", old["metadata"]["uid"], "why"),
    )
    with pytest.raises(Forbidden):
        await rig.run(Plan(apply=(Create(job()),), delete=deletes, status=STATUS))
    assert rig.cluster.writes == [
        ("delete", "ControllerRevision", "old"),
        ("create", "Job", "j"),
        ("status", "TrainingRun", "run"),
    ]
    assert rig.recorder.posted == ["ApplyFailed"]


async def test_its_own_status_does_not_wake_an_object(rig: Rig) -> None:
    await rig.run(Plan(status=STATUS))
    assert rig.cluster.writes == [("status", "TrainingRun", "run")]
    assert rig.woken == []


async def test_F08_an_outage_is_tried_again_and_told_nobody(rig: Rig) -> None:
    rig.cluster.refuse["create", "Job"] = Unavailable(503, "down")
    with pytest.raises(Unavailable):
        await rig.run(Plan(apply=(Create(job()),), status=STATUS, events=(CREATED,)))
    assert (rig.cluster.writes, rig.recorder.posted) == ([], [])


async def test_a_patch_of_something_old_reads_it_anew(rig: Rig) -> None:
    known = rig.add("Service", service("live"))
    rig.add("Service", service("live", other="x"), known=False)
    with pytest.raises(Outdated):
        await rig.run(
            Plan(apply=(Patch("Service", "live", known["metadata"]["resourceVersion"], {"spec": {}}),))
        )
    view = rig.cache.get("Service", "team", "live")
    assert view is not None
    assert view.meta.labels["other"] == "x"


async def test_a_switch_waits_when_the_gate_changed_since(rig: Rig) -> None:
    public = rig.add("Service", service("live"))
    gate = rig.add("EvalGate", objects.resource("EvalGate", "gate", number=5))
    seen = Seen("EvalGate", "gate", gate["metadata"]["uid"], 1)
    patch = Patch(
        "Service", "live", public["metadata"]["resourceVersion"], {"spec": {"selector": {}}}, (seen,)
    )
    newer = objects.resource("EvalGate", "gate", number=5)
    newer["metadata"]["generation"] = 2
    rig.add("EvalGate", newer, known=False)
    with pytest.raises(Outdated):
        await rig.run(Plan(apply=(patch,)))
    assert rig.cluster.writes == []


async def test_a_delete_is_left_when_somebody_went_on_meanwhile(rig: Rig) -> None:
    slot = rig.add("Service", service("slot"))
    rig.add("ControllerRevision", objects.revision("audit-5", OWNER, {}, number=7), known=False)
    with pytest.raises(Outdated):
        await rig.run(Plan(delete=(Delete("Service", "slot", slot["metadata"]["uid"], "", "", "audit-5"),)))
    assert ("Service", "slot") in rig.cluster.objects


async def test_a_delete_of_something_else_by_that_name_is_left(rig: Rig) -> None:
    rig.add("Service", service("slot"))
    with pytest.raises(Outdated):
        await rig.run(Plan(delete=(Delete("Service", "slot", "another uid", ""),)))
    assert ("Service", "slot") in rig.cluster.objects


async def test_pods_of_an_unrecorded_job_are_read_live_before_planning(rig: Rig) -> None:
    rig.add("Job", objects.job("j", OWNER, ("Complete",), number=7))
    rig.add("Pod", objects.pod("p", OWNER, "j", 7, number=8), known=False)
    await rig.run(Plan())
    assert [p.meta.name for p in rig.seen[-1].me.pods] == ["p"]


async def test_pods_of_a_recorded_job_are_not_read_again(rig: Rig) -> None:
    rig.add("Job", objects.job("j", OWNER, ("Complete",), number=7))
    rig.add("ControllerRevision", objects.revision("j", OWNER, {}, number=9))
    rig.add("Pod", objects.pod("p", OWNER, "j", 7, number=8), known=False)
    await rig.run(Plan())
    assert rig.seen[-1].me.pods == ()


def service(name: str, **labels: str) -> dict[str, Any]:
    meta = objects.owned_meta(name, OWNER, number=6)
    meta["labels"] |= labels
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {}}


async def test_a_drift_check_is_counted_when_its_record_is_written(rig: Rig) -> None:
    record = objects.revision("run-drift-1-1", OWNER, {"record": "drift", "result": "Bad"})
    for server_side in ("uid", "resourceVersion"):
        del record["metadata"][server_side]
    bad = metrics.DRIFT_CHECKS.labels("Bad")
    before = bad._value.get()
    await rig.run(Plan(apply=(Create(record),)))
    assert bad._value.get() == before + 1
