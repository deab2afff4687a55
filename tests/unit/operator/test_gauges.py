"""What the series about single objects say."""

from collections.abc import Iterator
from typing import Any

import pytest

from sluice_api.audit import HistoryItem
from sluice_api.records import DriftRecord, StageRecord
from sluice_operator.gauges import datasetpack, deployment, evalgate, trainingrun
from sluice_operator.model import Key
from support.crowd import Crowd
from support.gauged import DIGEST, EARLY, LATE, condition, link, observed, pod, seconds
from support.simcluster import NAMESPACE


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
        "trainingrun_gpu_seconds": 0,
        "trainingrun_preemptions": 1,
        "trainingrun_progress": 0,
        "trainingrun_stalled_since_timestamp_seconds/OutOfMemory": seconds(EARLY),
    }


def test_a_gate_tells_what_its_newest_candidate_scored() -> None:
    absolute = {"suite": "gold", "metric": "exact_match", "value": "0.9", "lower": "0.85"}
    worst = {**absolute, "slice": "Worst", "compare": "DeltaToBaseline", "value": "-0.1", "lower": "odd"}
    status = {"verdicts": [{"results": [absolute, worst]}, {"results": [{**absolute, "value": "0.1"}]}]}
    found = told(evalgate.series(observed("EvalGate"), status))
    assert {k: v for k, v in found.items() if k.startswith("evalgate_score")} == {
        "evalgate_score/gold/exact_match//Absolute/value": 0.9,
        "evalgate_score/gold/exact_match//Absolute/lower": 0.85,
        "evalgate_score/gold/exact_match/Worst/DeltaToBaseline/value": -0.1,
    }


def test_a_pack_tells_its_rows_once_they_are_counted() -> None:
    assert told(datasetpack.series(observed("DatasetPack"), {})) == {}
    status = {"rows": {"read": 10, "accepted": 7, "rejected": 3}}
    assert told(datasetpack.series(observed("DatasetPack"), status)) == {
        "datasetpack_rows/read": 10,
        "datasetpack_rows/accepted": 7,
        "datasetpack_rows/rejected": 3,
    }


def test_a_run_tells_its_gpu_seconds_and_how_long_it_took() -> None:
    crowd = Crowd(0)
    seen = crowd.observe(Key(NAMESPACE, "TrainingRun", "run"))
    found = told(trainingrun.series(seen, {}))
    spans = [r.record for r in seen.me.records if isinstance(r.record, StageRecord)]
    began, ended = min(r.started_at for r in spans), max(r.finished_at for r in spans)
    assert found["trainingrun_duration_seconds"] == seconds(ended) - seconds(began) > 0
    assert found["trainingrun_gpu_seconds"] == max(r.counters.gpu_seconds for r in spans)
