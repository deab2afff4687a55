"""Metrics: one table for the endpoint and the page, and what the series about single objects say."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice_api import reasons
from sluice_api.audit import AuditRecord, Cause, Fold, HistoryItem, Phase
from sluice_api.records import DriftRecord, Record
from sluice_operator import metrics
from sluice_operator.gauges import deployment, evalgate, trainingrun
from sluice_operator.gauges.book import Book
from sluice_operator.metrics import FAMILIES, objects
from sluice_operator.metrics.families import Family, declare
from sluice_operator.metrics.reference import metrics_page
from sluice_operator.model import (
    EventNote,
    Key,
    Meta,
    Observed,
    Plan,
    PodView,
    RecordView,
    Related,
    Resource,
    ResourceKind,
)
from support.quickstart import SETTINGS

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"
DIGEST = "sha256:" + "ab" * 32
SAFE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def observed(
    kind: ResourceKind,
    *records: Record,
    spec: Mapping[str, Any] | None = None,
    pods: tuple[PodView, ...] = (),
    name: str = "one",
) -> Observed:
    meta = Meta(name, "team", "uid", "1", datetime(2026, 1, 1, tzinfo=UTC))
    views = tuple(RecordView(meta, record) for record in records)
    me = Related(Resource(kind, meta, spec or {}, {}), records=views, pods=pods)
    return Observed(me=me, world={me.resource.key: me}, settings=SETTINGS, now=NOW)


def link(number: int, cause: Cause = "automatic", phase: Phase = "done", **fold: Any) -> AuditRecord:
    return AuditRecord(
        chain="chain",
        sequence=number,
        phase=phase,
        cause=cause,
        actor="a",
        reason="promoted",
        time=EARLY if number < 5 else LATE,
        fold=Fold(**fold),
    )


def tick(number: int, result: str, time: str) -> DriftRecord:
    return DriftRecord.model_validate(
        {
            "transition": 1,
            "tick": number,
            "slot": "s",
            "digest": DIGEST,
            "result": result,
            "reason": "no_drift",
            "message": "",
            "checkedAt": time,
        }
    )


def told(found: Iterator[Any]) -> dict[str, float]:
    return {"/".join((s.family.name.removeprefix("sluice_"), *s.labels)): s.value for s in found}


def condition(kind: str, status: str, reason: str = "Because", since: str = EARLY) -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": since}


def test_X13_every_metric_is_told_from_the_start_and_stands_in_the_reference() -> None:
    told_names = {f.name for f in metrics.REGISTRY.collect()} | {f.name for f in book().collect()}
    # The client's families of counters have no `_total` in their names; their samples do.
    stems = {name.removesuffix("_total") for name in FAMILIES}
    conditions = metrics.ConditionCollector(lambda: [], lambda: [])
    assert told_names | {f.name for f in conditions.collect()} == stems
    assert all(f"`{name}`" in metrics_page() for name in FAMILIES)


def test_the_table_keeps_to_the_conventions() -> None:
    for family in FAMILIES.values():
        assert family.name.startswith("sluice_")
        assert (family.type == "counter") == family.name.endswith("_total")
        assert (family.unit == "Unix seconds") == family.name.endswith("_timestamp_seconds")
        assert (family.unit == "always 1") == family.name.endswith("_info")
        assert family.help.endswith(".")


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="sluice_leader is declared twice"):
        declare(Family("sluice_leader", "gauge", ""))


def test_a_deployment_tells_what_is_live_and_how_it_got_there() -> None:
    status = {
        "active": {"digest": DIGEST, "runRef": {"name": "run"}, "since": LATE},
        "history": [{"cause": "health", "time": LATE}, {"cause": "automatic", "time": EARLY}],
        "refused": [{"digest": DIGEST}],
        "holds": [{"reason": "DriftHold"}, {"reason": "WindowClosed"}],
        "conditions": [
            condition("Available", "False", "LiveUnavailable"),
            condition("AuditArchived", "False", "AuditTampered"),
        ],
        "audit": {"archivedSequence": 3},
    }
    chain = [link(3), link(4, "repair"), link(5, "health")]
    found = told(deployment.series(observed("Deployment", *chain), status))
    assert found == {
        "modeldeployment_active_info/abababababab/run": 1,
        "modeldeployment_active_since_timestamp_seconds": seconds(LATE),
        "modeldeployment_live_unavailable": 1,
        "modeldeployment_last_transition_timestamp_seconds/health": seconds(LATE),
        "modeldeployment_rollback_blocked": 0,
        "modeldeployment_audit_tampered": 1,
        "modeldeployment_refused": 1,
        "modeldeployment_hold/DriftHold": 1,
        "modeldeployment_hold/WindowClosed": 1,
        "modeldeployment_audit_sequence": 5,
        "modeldeployment_audit_unarchived_records": 2,
        "modeldeployment_audit_unarchived_since_timestamp_seconds": seconds(EARLY),
    }


def test_a_deployment_without_history_tells_zeros_and_no_times() -> None:
    found = told(deployment.series(observed("Deployment"), {}))
    assert set(found.values()) == {0.0}
    assert not [name for name in found if "timestamp" in name or "drift" in name]


@pytest.mark.parametrize("reason", ["RollbackBlocked", "DeploymentRollbackNoPredecessor"])
@pytest.mark.parametrize("place", ["conditions", "holds"])
def test_a_blocked_rollback_is_told_wherever_the_status_says_it(reason: str, place: str) -> None:
    status = {place: [{"reason": reason}]}
    found = told(deployment.series(observed("Deployment"), status))
    assert found["modeldeployment_rollback_blocked"] == 1


def test_drift_is_told_by_verdict_score_and_streak() -> None:
    status = {
        "drift": {
            "verdict": "Bad",
            "score": "0.5",
            "baseline": "0.9",
            "consecutiveFailures": 2,
            "lastCheckTime": LATE,
        },
        "conditions": [condition("Drifted", "True")],
    }
    found = told(deployment.series(observed("Deployment", spec={"drift": {"everySeconds": 60}}), status))
    drift = {name.removeprefix("modeldeployment_"): v for name, v in found.items() if "drift" in name}
    assert drift == {
        "drift_interval_seconds": 60,
        "drifted": 1,
        "drift_verdict/Good": 0,
        "drift_verdict/Bad": 1,
        "drift_verdict/Unknown": 0,
        "drift_score": 0.5,
        "drift_baseline": 0.9,
        "drift_consecutive_failures": 2,
        "drift_last_check_timestamp_seconds": seconds(LATE),
    }


@pytest.mark.parametrize(
    ("shown", "since"),
    [("Unknown", "2026-01-01T09:00:00Z"), ("True", EARLY)],
    ids=["condition", "records"],
)
def test_X12_unknown_drift_is_told_since_its_first_check(shown: str, since: str) -> None:
    item = HistoryItem(transition=1, slot="s", revision=1, digest=DIGEST, cause="automatic", time=EARLY)
    records = [
        link(1, history=(item,)),
        tick(1, "Good", "2026-01-01T08:00:00Z"),
        tick(2, "Unknown", EARLY),
        tick(3, "Unknown", LATE),
    ]
    status = {
        "drift": {"verdict": "Unknown", "lastCheckTime": LATE},
        "conditions": [condition("Drifted", shown, since="2026-01-01T09:00:00Z")],
    }
    looked = observed("Deployment", *records, spec={"drift": {"everySeconds": 60}})
    found = told(deployment.series(looked, status))
    assert found["modeldeployment_drift_unknown_since_timestamp_seconds"] == seconds(since)


def test_a_gate_tells_the_newest_verdict() -> None:
    found = told(evalgate.series(observed("EvalGate"), {"candidate": "r", "verdict": "Fail"}))
    assert found == {
        "evalgate_verdict/Pass": 0,
        "evalgate_verdict/Fail": 1,
        "evalgate_verdict/Inconclusive": 0,
    }


@pytest.mark.parametrize(
    ("status", "spec", "since"),
    [
        ({"candidate": "r"}, {}, "2026-01-01T00:00:00Z"),
        ({"candidate": "r", "conditions": [condition("Passed", "Unknown")]}, {}, EARLY),
        ({"candidate": "r", "conditions": [condition("Passed", "True")]}, {}, "2026-01-01T00:00:00Z"),
        ({"conditions": [condition("Stalled", "True", since=LATE)]}, {}, LATE),
        ({"candidate": "r"}, {"suspend": True}, None),
        ({"candidate": "r", "verdict": "Pass"}, {}, None),
        ({}, {}, None),
    ],
)
def test_a_gate_tells_since_when_a_candidate_waits(
    status: dict[str, Any], spec: dict[str, Any], since: str | None
) -> None:
    found = told(evalgate.series(observed("EvalGate", spec=spec), status))
    waiting = found.get("evalgate_waiting_since_timestamp_seconds")
    assert waiting == (seconds(since) if since else None)


def pod(phase: str = "Running") -> PodView:
    meta = Meta("p", "team", "pod-uid", "1", NOW)
    return PodView(meta, "j", phase, started_at=datetime.fromisoformat(EARLY))


@pytest.mark.parametrize(
    ("stage", "phase", "is_told"),
    [("train", "Running", True), ("package", "Running", False), ("train", "Pending", False)],
)
def test_a_run_tells_since_when_it_trains(stage: str, phase: str, is_told: bool) -> None:
    status = {"job": {"stage": stage, "job": "j"}, "progress": {"percent": 40}}
    found = told(trainingrun.series(observed("TrainingRun", pods=(pod(phase),)), status))
    assert found["trainingrun_progress"] == 0.4
    since = found.get("trainingrun_training_since_timestamp_seconds")
    assert since == (seconds(EARLY) if is_told else None)


def test_a_run_tells_its_attempts_and_why_it_stalled() -> None:
    status = {
        "attempts": {"total": 3, "failed": 2, "preempted": 1},
        "conditions": [condition("Stalled", "True", "OutOfMemory")],
    }
    assert told(trainingrun.series(observed("TrainingRun"), status)) == {
        "trainingrun_attempts": 3,
        "trainingrun_attempts_failed": 2,
        "trainingrun_preemptions": 1,
        "trainingrun_progress": 0,
        "trainingrun_stalled_since_timestamp_seconds/OutOfMemory": seconds(EARLY),
    }


def book(heard: datetime | None = None, gone: frozenset[str] = frozenset()) -> Book:
    return Book(lambda key: None if key.name in gone else key, lambda _: heard)


def passed(kept: Book, looked: Observed, plan: Plan) -> None:
    planners = kept.wrap({looked.me.resource.kind: lambda _: plan})
    assert planners[looked.me.resource.kind](looked) is plan


def samples(kept: Book, family: Family) -> dict[tuple[str, ...], float]:
    name = family.name.removesuffix("_total")
    (found,) = (f for f in kept.collect() if f.name == name)
    return {tuple(s.labels.values()): s.value for s in found.samples}


def test_series_go_with_their_object() -> None:
    gone: set[str] = set()
    kept = Book(lambda key: None if key.name in gone else key, lambda _: None)
    for name in ("a", "b"):
        passed(kept, observed("Deployment", link(1), name=name), Plan(status={}))
    assert samples(kept, objects.REFUSED) == {("team", "a"): 0, ("team", "b"): 0}
    gone.add("a")
    assert samples(kept, objects.REFUSED) == {("team", "b"): 0}
    assert {labels[1] for labels in samples(kept, objects.PROMOTIONS)} == {"b"}


def test_an_object_that_is_being_deleted_keeps_what_it_said() -> None:
    kept = book()
    passed(kept, observed("Deployment"), Plan(status={"refused": [{}]}))
    passed(kept, observed("Deployment"), Plan(status=None))
    assert samples(kept, objects.REFUSED) == {("team", "one"): 1}


def test_transitions_are_counted_once_from_zero_and_only_as_they_happen() -> None:
    kept, before = book(), (link(1), link(2, phase="intended"))
    passed(kept, observed("Deployment", *before), Plan(status={}))
    assert set(samples(kept, objects.PROMOTIONS).values()) == {0}
    after = (*before, link(3), link(4, "drift"), link(5, "repair"), link(6, "promote", "intended"))
    for _ in range(2):
        passed(kept, observed("Deployment", *after), Plan(status={}))
    assert samples(kept, objects.PROMOTIONS)["team", "one", "automatic"] == 1
    assert samples(kept, objects.PROMOTIONS)["team", "one", "promote"] == 0
    assert samples(kept, objects.ROLLBACKS) == {
        ("team", "one", "rollback-to"): 0,
        ("team", "one", "health"): 0,
        ("team", "one", "drift"): 1,
    }
    assert samples(kept, objects.REPAIRS) == {("team", "one"): 1}


@pytest.mark.parametrize(
    ("chain", "events", "since"),
    [
        ([link(1), link(4, "repair")], (), seconds(EARLY)),
        ([link(4, "repair"), link(5, "repair", "intended")], (), seconds(EARLY)),
        ([link(1)], (reasons.TRAFFIC_TAMPERED,), NOW.timestamp()),
        ([link(4, "repair")], (reasons.TRAFFIC_TAMPERED,), NOW.timestamp()),
        ([link(1)], (reasons.PROMOTED,), None),
    ],
    ids=["record", "announced", "event", "both", "neither"],
)
def test_tampering_is_told_from_records_and_from_passes(
    chain: list[AuditRecord], events: tuple[reasons.Reason, ...], since: float | None
) -> None:
    kept = book()
    plan = Plan(status={}, events=tuple(EventNote(reason, "") for reason in events))
    passed(kept, observed("Deployment", *chain), plan)
    passed(kept, observed("Deployment", *chain), Plan(status={}))
    assert samples(kept, objects.LAST_TAMPERED) == ({("team", "one"): since} if since else {})


def test_the_first_promotion_of_a_new_deployment_counts() -> None:
    kept = book()
    passed(kept, observed("Deployment"), Plan(status={}))
    passed(kept, observed("Deployment", link(1)), Plan(status={}))
    assert samples(kept, objects.PROMOTIONS)["team", "one", "automatic"] == 1


@pytest.mark.parametrize(("heard", "expected"), [(NOW, {("team", "one"): NOW.timestamp()}), (None, {})])
def test_heartbeats_are_told_between_passes(
    heard: datetime | None, expected: dict[tuple[str, ...], float]
) -> None:
    kept, status = book(heard), {"job": {"stage": "train", "job": "j"}}
    passed(kept, observed("TrainingRun", pods=(pod(),)), Plan(status=status))
    assert samples(kept, objects.RUN_HEARTBEAT) == expected
    passed(kept, observed("TrainingRun", pods=(pod("Succeeded"),)), Plan(status=status))
    assert samples(kept, objects.RUN_HEARTBEAT) == {}


@pytest.mark.parametrize("kind", ["Deployment", "EvalGate", "TrainingRun", "DatasetPack"])
@settings(max_examples=25, deadline=None)
@given(
    status=st.dictionaries(
        st.sampled_from(
            ("active", "history", "drift", "audit", "conditions", "job", "progress", "candidate")
        ),
        SAFE,
    )
)
def test_no_status_can_break_a_pass(kind: ResourceKind, status: dict[str, Any]) -> None:
    kept = book()
    passed(kept, observed(kind, spec={"drift": {"everySeconds": 60}}), Plan(status=status))
    assert list(kept.collect())


def test_a_key_is_told_for_its_own_kind_alone() -> None:
    kept = Book(lambda key: key if key == Key("team", "EvalGate", "one") else None, lambda _: None)
    passed(kept, observed("Deployment"), Plan(status={}))
    passed(kept, observed("EvalGate"), Plan(status={}))
    assert samples(kept, objects.REFUSED) == {}
    assert samples(kept, objects.GATE_VERDICT)
