"""The evidence of a verdict: everything as JSON, and a table for people.

It holds no times, so that equal verdicts have equal digests.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sluice_api.contracts.requests import JudgeRequest
from sluice_trainer.evals.criteria import Outcome
from sluice_trainer.evals.judging import Decision, Results
from sluice_trainer.evals.results import ItemResult, file_name
from sluice_trainer.evals.slices import WorstSlice

JSON_NAME = "evidence.json"
TEXT_NAME = "evidence.md"
RULE = (
    "Pass iff the lower one-sided bound reaches the threshold, Fail iff the upper bound is below it "
    "(Holm-corrected among required criteria), else Inconclusive. Proportions: Clopper-Pearson. Paired "
    "differences: Tango's score test with half-item correction. Means and macro F1: percentile bootstrap "
    "with a pseudo-item."
)


def write_evidence(
    folder: Path,
    request: JudgeRequest,
    decision: Decision,
    candidate: Results,
    baseline: Results | None,
    metrics: Mapping[str, Any],
) -> None:
    """Fill a folder: `evidence.json`, `evidence.md`, and per suite every item with both answers."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = evidence(request, decision, metrics)
    (folder / JSON_NAME).write_text(json.dumps(facts, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    (folder / TEXT_NAME).write_text(readable(facts))
    for name, results in candidate.items():
        theirs = {item.id: item for item in baseline[name].items} if baseline and name in baseline else {}
        lines = [json.dumps(_pair(item, theirs.get(item.id)), ensure_ascii=False) for item in results.items]
        (folder / file_name(name)).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def evidence(request: JudgeRequest, decision: Decision, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the verdict rests on, as plain data."""
    return {
        "verdict": decision.verdict.verdict,
        "reason": decision.verdict.reason.code,
        "message": decision.verdict.message,
        "rule": RULE,
        "candidate": request.candidate.dump(),
        "baseline": request.baseline.dump() if request.baseline else None,
        "suites": [suite.dump() for suite in request.suites],
        "metrics": dict(metrics),
        "criteria": [_criterion(outcome) for outcome in decision.outcomes],
        "honesty": {
            "mode": request.honesty,
            "trainingPacks": [pack.dump() for pack in request.training_packs],
            "overlap": [
                {"suite": o.suite, "items": o.items, "shared": list(o.shared)} for o in decision.overlaps
            ],
        },
        "onInconclusive": request.on_inconclusive,
    }


def _criterion(outcome: Outcome) -> dict[str, Any]:
    demand = outcome.demand
    slices = {} if outcome.slices is None else _slices(outcome.slices, demand.confidence)
    return slices | {
        "demand": demand.words,
        "suite": demand.suite,
        "metric": demand.metric,
        "mode": "Required" if demand.required else "Advisory",
        "confidence": demand.confidence,
        "failConfidence": outcome.fail_confidence,
        "minSupport": demand.min_support,
        "verdict": outcome.verdict,
        "reason": outcome.reason.code,
        "message": outcome.message,
        "value": outcome.value,
        "lower": outcome.lower,
        "upper": outcome.upper,
        "units": outcome.units,
        "itemsToDecide": outcome.items_to_decide,
    }


def _slices(found: WorstSlice, confidence: float) -> dict[str, Any]:
    return {
        "worstSlice": found.name,
        "slices": {
            name: {
                "value": estimate.value,
                "lower": estimate.lower(confidence),
                "upper": estimate.upper(confidence),
                "units": estimate.units,
            }
            for name, estimate in found.slices.items()
        },
        "ignoredSlices": dict(found.ignored),
    }


def readable(facts: Mapping[str, Any]) -> str:
    """The evidence as Markdown."""
    baseline = facts["baseline"]["digest"] if facts["baseline"] else "none"
    lines = [
        f"# Verdict: {facts['verdict']}",
        "",
        facts["message"],
        "",
        "| Criterion | Mode | Verdict | Measured | Lower | Upper | Items | Reason |",
        "|---|---|---|---|---|---|---|---|",
        *(_table_row(criterion) for criterion in facts["criteria"]),
        "",
        f"Honesty ({facts['honesty']['mode']}): {_honesty(facts['honesty'])}.",
        "",
        f"Candidate {facts['candidate']['digest']}; baseline {baseline}.",
        "",
        facts["rule"],
    ]
    return "\n".join(lines) + "\n"


def _table_row(criterion: Mapping[str, Any]) -> str:
    numbers = [_number(criterion[name]) for name in ("value", "lower", "upper")]
    cells = [criterion["demand"], criterion["mode"], criterion["verdict"], *numbers]
    return "| " + " | ".join([*cells, str(criterion["units"]), criterion["reason"]]) + " |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _honesty(honesty: Mapping[str, Any]) -> str:
    if not honesty["trainingPacks"]:
        return "no training pack is known, so nothing was compared"
    counts = [f"{len(o['shared'])} of {o['items']} prompts of {o['suite']}" for o in honesty["overlap"]]
    return ", ".join(counts) + " stand in a training pack"


def _pair(ours: ItemResult, theirs: ItemResult | None) -> dict[str, Any]:
    pair: dict[str, Any] = {
        "id": ours.id,
        "reference": ours.reference,
        "candidate": ours.prediction,
        "candidateScores": dict(ours.scores),
    }
    if theirs is not None:
        pair |= {"baseline": theirs.prediction, "baselineScores": dict(theirs.scores)}
    return pair
