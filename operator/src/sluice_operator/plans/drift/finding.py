"""What a tick found: Bad iff proven worse, Good iff it is not and could be measured, else Unknown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.reports import CriterionOutcome, EvaluateResult, JudgeResult, score_text
from sluice_api.criteria import demand_of
from sluice_api.evalgate import Criterion
from sluice_api.reasons import Reason
from sluice_operator.model import Problem
from sluice_operator.plans.drift.question import Question


@dataclass(frozen=True)
class Finding:
    """The result of one tick."""

    result: Literal["Good", "Bad", "Unknown"]
    reason: Reason
    message: str
    score: str | None = None
    baseline: str | None = None
    evidence: UriDigest | None = None


@dataclass(frozen=True)
class _Measured:
    """One deciding criterion with its outcome."""

    criterion: Criterion
    outcome: CriterionOutcome

    @property
    def change(self) -> float:
        """Change since the promotion; below 0 is worse."""
        value = float(self.outcome.value or 0)
        return value if demand_of(self.criterion).at_least else -value


def unknown(problem: Problem) -> Finding:
    """Nothing is known, and why."""
    return Finding("Unknown", problem.reason, problem.message)


def finding(asked: Question, found: EvaluateResult, judged: JudgeResult) -> Finding:
    """What the outcomes of all criteria say together."""
    if len(judged.outcomes) != len(asked.criteria):
        message = f"asked for {len(asked.criteria)} outcomes, the report has {len(judged.outcomes)}"
        return unknown(Problem(reasons.REPORT_UNREADABLE, message))
    pairs = zip(asked.deciding, judged.outcomes, strict=False)
    measured = [_Measured(criterion, outcome) for criterion, outcome in pairs]
    worse = [m for m in measured if m.outcome.verdict == "Fail"]
    absent = [m for m in measured if m.outcome.value is None]
    if absent and not worse:
        told = f"{demand_of(absent[0].criterion).subject} could not be measured"
        return unknown(Problem(reasons.named(absent[0].outcome.reason), told))
    decided = min(worse or measured, key=lambda m: m.change)
    return _told(asked, found, judged, decided, bad=bool(worse))


def _told(
    asked: Question, found: EvaluateResult, judged: JudgeResult, decided: _Measured, *, bad: bool
) -> Finding:
    score, baseline = _points(asked.criteria, judged.outcomes, decided)
    proven = "is proven worse" if bad else "is not proven worse"
    loss = abs(float(decided.criterion.value))
    message = f"{demand_of(decided.criterion).subject} {proven} by more than {loss:g}"
    if score is not None:
        message += f": {score} now, {baseline} at promotion"
    message += f", {decided.outcome.items} items"
    if found.failed_calls:
        message += f"; {found.failed_calls} of {found.items} calls failed and count as wrong"
    reason = reasons.DRIFT_SUSPECTED if bad else reasons.NO_DRIFT
    return Finding("Bad" if bad else "Good", reason, message, score, baseline, judged.evidence)


def _points(
    criteria: Sequence[Criterion], outcomes: Sequence[CriterionOutcome], decided: _Measured
) -> tuple[str | None, str | None]:
    """The metric now, and what it was at promotion. Of slices, only the change is known."""
    if decided.criterion.slice is not None:
        return None, None
    subject = (decided.criterion.suite, decided.criterion.metric)
    for criterion, outcome in zip(criteria, outcomes, strict=True):
        plain = criterion.compare is None and (criterion.suite, criterion.metric) == subject
        if plain and outcome.value is not None and decided.outcome.value is not None:
            before = float(outcome.value) - float(decided.outcome.value)
            return outcome.value, score_text(min(max(round(before, 6), 0.0), 1.0))
    return None, None
