"""The evidence of a verdict: everything as JSON, and a table for people.

It holds no times, so that equal verdicts have equal digests.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sluice_api.contracts.requests import JudgeRequest
from sluice_trainer.evals.contamination import Overlap, Policies
from sluice_trainer.evals.criteria import Outcome
from sluice_trainer.evals.judging import Decision, Results
from sluice_trainer.evals.results import ItemResult, file_name
from sluice_trainer.evals.slices import WorstSlice
from sluice_trainer.jsonfiles import write_json, write_lines, write_text

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
    write_json(folder / JSON_NAME, facts)
    write_text(folder / TEXT_NAME, readable(facts))
    for name, results in candidate.items():
        theirs = {item.id: item for item in baseline[name].items} if baseline and name in baseline else {}
        pairs = (_pair(item, theirs.get(item.id)) for item in results.items)
        write_lines(folder / file_name(name), pairs)


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
        "contamination": {
            "exact": decision.policies.exact,
            "near": decision.policies.near,
            "trainingPacks": [pack.dump() for pack in request.training_packs],
            "suites": [_overlap(o, decision.policies) for o in decision.overlaps],
        },
        "suiteUses": [use.dump() for use in request.suite_uses],
        "onInconclusive": request.on_inconclusive,
    }


def _overlap(found: Overlap, policies: Policies) -> dict[str, Any]:
    return {
        "suite": found.suite,
        "items": found.items,
        "exact": list(found.exact),
        "near": list(found.near),
        "excluded": list(found.under(policies, "Exclude")),
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
        f"Contamination: {_contamination(facts['contamination'])}.",
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


def _contamination(found: Mapping[str, Any]) -> str:
    if not found["trainingPacks"]:
        return "no training pack is known, so nothing was compared"
    return "; ".join(
        f"of {o['items']:,} items of {o['suite']}, {len(o['exact']):,} stand in a training pack "
        f"({found['exact']}) and {len(o['near']):,} nearly ({found['near']}); "
        f"{len(o['excluded']):,} of {o['items']:,} items excluded"
        for o in found["suites"]
    )


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
