"""The gate's verdict from the outcomes of its criteria and from contamination."""

from collections.abc import Sequence
from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.evalgate import Verdict
from sluice_api.reasons import Reason
from sluice_trainer.evals.criteria import Outcome


@dataclass(frozen=True)
class GateVerdict:
    """The verdict about a candidate."""

    verdict: Verdict
    reason: Reason
    message: str


def gate_verdict(outcomes: Sequence[Outcome], on_inconclusive: str, contaminated: str | None) -> GateVerdict:
    """Fail if any required criterion fails, Pass if all pass, else Inconclusive. Advisory ones never block.

    `contaminated` says what training and suites share, where that blocks.
    """
    if contaminated is not None:
        return GateVerdict("Fail", reasons.SUITE_CONTAMINATED, contaminated)
    required = [outcome for outcome in outcomes if outcome.counts]
    open_ones = [outcome for outcome in required if outcome.verdict != "Pass"]
    if not any(outcome.demand.proves for outcome in required):
        message = "no required criterion about a whole suite was judged"
        return _unproven(reasons.NO_CRITERIA, message, on_inconclusive)
    if not open_ones:
        return GateVerdict("Pass", reasons.PASSED, f"passed: {_words(required)}")
    for outcome in open_ones:
        if outcome.verdict == "Fail":
            return GateVerdict("Fail", outcome.reason, f"failed: {outcome.message}")
    first = open_ones[0]
    return _unproven(first.reason, f"inconclusive: {first.message}", on_inconclusive)


def _unproven(reason: Reason, message: str, on_inconclusive: str) -> GateVerdict:
    if on_inconclusive == "Fail":
        return GateVerdict("Fail", reason, f"{message} (onInconclusive: Fail)")
    return GateVerdict("Inconclusive", reason, message)


def _words(outcomes: Sequence[Outcome]) -> str:
    return "; ".join(f"{o.demand.words} ({o.value:.3f})" for o in outcomes)
