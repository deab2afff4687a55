"""Explain: what is said of each object on the way, who is named as the cause, and the order of candidates."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.audit import Fold, Spent
from sluice_api.decisions import ANNOTATIONS
from sluice_operator.cache import Cache
from sluice_operator.model import Meta, Resource, ResourceKind
from sluice_plugin.errors import Refused
from sluice_plugin.explain.advice import Advice, advise
from sluice_plugin.explain.candidates import ranked
from sluice_plugin.explain.finding import conditions_of, stale
from sluice_plugin.explain.traffic import traffic_findings, traffic_lines
from sluice_plugin.explain.walk import World, walk
from sluice_plugin.names import parse_target

A, B, C = ("sha256:" + letter * 64 for letter in "abc")
LABELS = {"task": "x"}


def condition(kind: str, status: str, reason: reasons.Reason, message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason.camel, "message": message}


def thing(
    kind: ResourceKind, name: str, spec: dict[str, Any], *conditions: dict[str, str], **status: Any
) -> Resource:
    labels = LABELS if kind == "TrainingRun" else {}
    created = datetime(2026, 1, 1, tzinfo=UTC)
    meta = Meta(name, "team", f"uid-{name}", "1", created, generation=1, labels=labels)
    return Resource(kind, meta, spec, {"observedGeneration": 1, "conditions": list(conditions), **status})


def ready(reason: reasons.Reason) -> tuple[dict[str, str], ...]:
    return condition("Ready", "True", reason), condition("Stalled", "False", reason)


def held(reason: reasons.Reason, message: str, *, stalled: bool = False) -> tuple[dict[str, str], ...]:
    return (
        condition("Ready", "False", reason, message),
        condition("Stalled", "True" if stalled else "False", reason, message),
    )


DRIFT = (("Unknown", reasons.DRIFT_OFF), ("True", reasons.DRIFT_DETECTED), ("Unknown", reasons.DRIFT_UNKNOWN))
PACK = thing("DatasetPack", "train", {}, *ready(reasons.PACKED))
GOLD = thing("DatasetPack", "gold", {}, *ready(reasons.PACKED))
RUN = thing("TrainingRun", "good", {"datasetRef": {"name": "train"}}, *ready(reasons.TRAINED))
GATE_SPEC = {
    "candidates": {"selector": {"matchLabels": LABELS}},
    "suites": [{"datasetRef": {"name": "gold"}}],
}
GATE = thing("EvalGate", "gate", GATE_SPEC, *ready(reasons.PASSED))
LIVE = thing("Deployment", "live", {"gateRef": {"name": "gate"}}, *ready(reasons.SERVING))


def asked(*resources: Resource, of: Resource = LIVE) -> Advice:
    cache = Cache()
    for resource in resources:
        cache.put(resource.kind, resource)
    found = cache.resource(of.key)
    assert found is not None
    return advise(walk(World(cache, "team"), found))


def test_there_is_nothing_to_do_where_all_is_well() -> None:
    advice = asked(PACK, GOLD, RUN, GATE, LIVE)
    assert (advice.needs_person, advice.where) == (False, "Deployment/live")
    assert advice.text == "Nothing to do."


def test_a_healthy_live_model_needs_nobody_though_a_newer_candidate_failed() -> None:
    gate = thing("EvalGate", "gate", GATE_SPEC, condition("Passed", "False", reasons.CRITERION_FAILED))
    held_up = condition("Progressing", "False", reasons.PROMOTE_BLOCKED, "run bad: its verdict is Fail")
    live = thing("Deployment", "live", LIVE.spec, *ready(reasons.SERVING), held_up)
    advice = asked(PACK, GOLD, RUN, gate, live)
    assert (advice.where, advice.needs_person) == ("Deployment/live", False)
    assert "EvalGate/gate says CriterionFailed" in advice.line
    assert asked(PACK, GOLD, RUN, gate, of=gate).needs_person


def test_the_cause_is_found_upstream_of_those_who_only_wait() -> None:
    pack = thing("DatasetPack", "train", {}, *held(reasons.TOO_FEW_ROWS, "3 rows", stalled=True))
    run = thing(
        "TrainingRun", "good", {"datasetRef": {"name": "train"}}, *held(reasons.REFERENCE_NOT_READY, "x")
    )
    gate = thing("EvalGate", "gate", GATE_SPEC, *held(reasons.NO_CANDIDATE, "none"))
    live = thing("Deployment", "live", LIVE.spec, *held(reasons.NOTHING_LIVE, "none"))
    advice = asked(pack, GOLD, run, gate, live)
    assert (advice.where, advice.reason) == ("DatasetPack/train", "TooFewRows")
    assert advice.text == reasons.TOO_FEW_ROWS.next_step
    assert "3 rows" in advice.line
    assert advice.needs_person


def test_what_is_missing_is_named_by_who_waits_for_it() -> None:
    run = thing(
        "TrainingRun", "good", {"datasetRef": {"name": "gone"}}, *held(reasons.REFERENCE_NOT_FOUND, "gone")
    )
    advice = asked(run, of=run)
    assert (advice.where, advice.text) == ("TrainingRun/good", reasons.REFERENCE_NOT_FOUND.next_step)
    assert advice.needs_person


@pytest.mark.parametrize("reason", [reasons.PAUSED, reasons.MANUAL_PROMOTION, reasons.DRIFT_HOLD])
def test_a_hold_of_the_deployment_is_its_own_cause(reason: reasons.Reason) -> None:
    live = replace(LIVE, status={**LIVE.status, "holds": [{"reason": reason.camel, "message": "because"}]})
    advice = asked(PACK, GOLD, RUN, GATE, live)
    assert (advice.where, advice.reason, advice.needs_person) == ("Deployment/live", reason.camel, True)


def test_nothing_moves_is_well_only_where_there_is_nothing_to_do() -> None:
    still = thing("Deployment", "live", {}, condition("Progressing", "False", reasons.UP_TO_DATE))
    stuck = thing("Deployment", "live", {}, condition("Progressing", "False", reasons.ROLLBACK_BLOCKED))
    assert [f.next_step for f in conditions_of(still)] == [""]
    assert [(f.mark, f.next_step) for f in conditions_of(stuck)] == [
        ("bad", reasons.ROLLBACK_BLOCKED.next_step)
    ]


def test_what_is_switched_off_asks_for_nothing_and_what_warns_does() -> None:
    watched = [condition("Drifted", status, reason) for status, reason in DRIFT]
    found = [next(conditions_of(thing("Deployment", "live", {}, one))) for one in watched]
    assert [(f.mark, bool(f.next_step)) for f in found] == [("note", False), ("bad", True), ("busy", True)]


def test_what_warns_comes_after_what_holds_a_model_up() -> None:
    warning = condition("AuditArchived", "False", reasons.AUDIT_BEHIND, "3 links")
    hold = condition("PromotionHeld", "True", reasons.PAUSED, "spec.paused is true")
    for found, reason in (((warning,), reasons.AUDIT_BEHIND), ((warning, hold), reasons.PAUSED)):
        live = thing("Deployment", "live", LIVE.spec, *found, *ready(reasons.SERVING))
        assert asked(PACK, GOLD, RUN, GATE, live).reason == reason.camel


def test_a_hold_that_a_condition_tells_is_told_once() -> None:
    hold = condition("PromotionHeld", "True", reasons.PAUSED, "spec.paused is true")
    status = {"conditions": [hold], "holds": [{"reason": "Paused"}, {"reason": "WindowClosed"}]}
    live = replace(LIVE, status=status)
    assert [f.reason for f in traffic_findings(live, Fold()) if f.label == "hold"] == ["WindowClosed"]


def test_conditions_that_say_the_same_are_one_finding_and_the_next_step_stands_once() -> None:
    reason = reasons.TOO_FEW_ROWS
    (found,) = conditions_of(
        thing("DatasetPack", "p", {}, *held(reason, reason.advise("3 rows"), stalled=True))
    )
    assert (found.label, found.mark) == ("Ready=False Stalled=True", "bad")
    assert (found.message, found.next_step) == ("3 rows.", reason.next_step)


def test_runs_that_start_from_each_other_are_told_once() -> None:
    runs = [
        thing("TrainingRun", name, {"baseModel": {"trainingRunRef": {"name": base}}})
        for name, base in (("a", "b"), ("b", "a"))
    ]
    cache = Cache()
    for run in runs:
        cache.put("TrainingRun", run)
    assert [s.name for s in walk(World(cache, "team"), runs[0])] == ["a", "b"]


def test_a_status_of_an_older_spec_is_told() -> None:
    newer = replace(LIVE, meta=replace(LIVE.meta, generation=2))
    assert not list(stale(LIVE))
    (found,) = stale(newer)
    assert "generation 1" in found.message


def verdict(digest: str, word: str, value: str) -> dict[str, Any]:
    result = {"mode": "Required", "metric": "accuracy", "suite": "gold", "value": value, "items": 200}
    return {"digest": digest, "verdict": word, "results": [result]}


def test_E24_candidates_are_ranked_by_verdict_and_never_by_score() -> None:
    gate = thing(
        "EvalGate",
        "gate",
        GATE_SPEC,
        verdicts=[verdict(A, "Fail", "0.99"), verdict(B, "Inconclusive", "0.9"), verdict(C, "Pass", "0.8")],
    )
    made = {"failed": A, "open": B, "passed": C}
    runs = [
        thing(
            "TrainingRun", name, {}, artifact={"digest": digest, "completedAt": f"2026-01-0{day}T00:00:00Z"}
        )
        for day, (name, digest) in zip((9, 8, 7), made.items(), strict=True)
    ]
    unjudged = thing("TrainingRun", "unjudged", {}, artifact={"digest": "sha256:" + "d" * 64})
    found = ranked(gate, [unjudged, *runs])
    assert [c.run for c in found] == ["passed", "open", "failed", "unjudged"]
    assert [c.verdict for c in found] == ["Pass", "Inconclusive", "Fail", ""]
    assert found[2].score.startswith("accuracy on gold 0.99")


def test_E24_the_newest_artifact_is_first_among_equal_verdicts() -> None:
    gate = thing(
        "EvalGate", "gate", GATE_SPEC, verdicts=[verdict(A, "Pass", "0.9"), verdict(B, "Pass", "0.8")]
    )
    runs = [
        thing("TrainingRun", name, {}, artifact={"digest": digest, "completedAt": when})
        for name, digest, when in (("old", A, "2026-01-01T00:00:00Z"), ("new", B, "2026-01-02T00:00:00Z"))
    ]
    assert [c.run for c in ranked(gate, runs)] == ["new", "old"]


def test_requests_are_told_with_who_asked_and_whether_they_were_answered() -> None:
    notes = {
        ANNOTATIONS["promote"]: f"{A} 3.abcd anna",
        ANNOTATIONS["rollback-to"]: f"{B} 4.efgh ben",
        ANNOTATIONS["clear-rollback"]: "nonsense",
    }
    live = replace(LIVE, meta=replace(LIVE.meta, annotations=notes))
    fold = Fold(spent=(Spent(decision="promote", id="3.abcd", digest=A),))
    found = {f.label: f for f in traffic_findings(live, fold)}
    assert (found["promote"].mark, found["rollback-to"].mark) == ("good", "busy")
    assert "anna" in found["promote"].message
    assert found["clear-rollback"].reason == reasons.REQUEST_MALFORMED.camel


def test_all_that_keeps_a_model_out_is_told() -> None:
    spec = {
        "promotion": {
            "pin": A,
            "policy": "Manual",
            "soakSeconds": 60,
            "windows": [{"start": "22:00", "durationSeconds": 3600, "days": ["Mon"]}],
        }
    }
    live = thing(
        "Deployment",
        "live",
        spec,
        refused=[{"digest": A}, {"digest": B, "revision": 2}],
        rejected=[{"digest": C, "reason": "Unschedulable", "message": "no node"}],
        drift={"verdict": "Bad", "score": "0.7", "baseline": "0.9", "consecutiveFailures": 2},
    )
    found = list(traffic_findings(live, Fold()))
    labels = ["pin", "policy", "window", "soak", "refused", "refused", "rejected", "drift"]
    assert [f.label for f in found] == labels
    told = " ".join(f.message for f in found)
    for part in ("a" * 12, "Mon from 22:00 UTC", "60 s", "in revision 2", "no node", "0.7 now, 0.9 at"):
        assert part in told
    assert list(traffic_lines(live)) == ["serves nothing yet"]


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("live", ("Deployment", "live")),
        ("mdep/live", ("Deployment", "live")),
        ("modeldeployments/live", ("Deployment", "live")),
        ("trun/a", ("TrainingRun", "a")),
        ("TrainingRun/a", ("TrainingRun", "a")),
        ("evalgate/a", ("EvalGate", "a")),
        ("dsp/a", ("DatasetPack", "a")),
    ],
)
def test_objects_are_named_as_kubectl_names_them(text: str, means: tuple[str, str]) -> None:
    assert parse_target(text, "Deployment") == means


@pytest.mark.parametrize("text", ["pod/a", "trun/", "/a", ""])
def test_a_name_of_nothing_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(Refused, match="dsp, trun, eg, mdep"):
        parse_target(text, "Deployment")
