"""What the status says about drift, rebuilt from records."""

from sluice_api import reasons
from sluice_api.conditions import ConditionStatus
from sluice_api.deployment import Drift, DriftStatus
from sluice_api.reasons import Reason
from sluice_operator.facts import drift as facts
from sluice_operator.model import Related
from sluice_operator.plans.draft import Conditions
from sluice_operator.plans.drift.watch import Watched

CONDITION = "Drifted"


def drift_status(related: Related) -> DriftStatus | None:
    """What the newest check since the last transition found."""
    newest = next(iter(facts.ticks(related)), None)
    if newest is None:
        return None
    return DriftStatus(
        last_check_time=newest.checked_at,
        verdict=newest.result,
        score=newest.score,
        baseline=newest.baseline,
        consecutive_failures=facts.bad_in_a_row(related),
    )


def add_drifted(conditions: Conditions, related: Related, watch: Drift | None, watched: Watched) -> None:
    """Want the condition Drifted."""
    status, reason, message = _drifted(related, watch)
    if watched.too_short and watch is not None:
        message = f"{message}; a check takes longer than spec.drift.everySeconds ({watch.every_seconds} s)"
        message = reasons.DRIFT_INTERVAL_TOO_SHORT.advise(f"{message}, so ticks are skipped")
        reason = reasons.DRIFT_INTERVAL_TOO_SHORT if reason is reasons.NO_DRIFT else reason
    conditions.add(CONDITION, status, reason, message)


def _drifted(related: Related, watch: Drift | None) -> tuple[ConditionStatus, Reason, str]:
    newest = next(iter(facts.ticks(related)), None)
    if watch is None:
        return "Unknown", reasons.DRIFT_OFF, "spec.drift is not set; what is live is not watched"
    if newest is None:
        return "Unknown", reasons.DRIFT_UNCHECKED, "not checked since traffic last moved"
    failures = facts.bad_in_a_row(related)
    if failures >= watch.failures_to_act:
        told = f"{failures} bad checks in a row; the newest: {newest.message}"
        return "True", reasons.DRIFT_DETECTED, reasons.DRIFT_DETECTED.advise(told)
    if newest.result == "Unknown":
        return "Unknown", reasons.DRIFT_UNKNOWN, reasons.named(newest.reason).advise(newest.message)
    if failures:
        told = f"bad check {failures} of {watch.failures_to_act} in a row: {newest.message}"
        return "False", reasons.DRIFT_SUSPECTED, told
    return "False", reasons.NO_DRIFT, newest.message
