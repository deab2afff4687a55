"""What the metrics about an EvalGate say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import get_args

from sluice_api.evalgate import Verdict
from sluice_operator import raw
from sluice_operator.facts.run import run_facts
from sluice_operator.gauges.series import Series, Status, at, condition, decimal, one_of
from sluice_operator.metrics import objects as of
from sluice_operator.model import Observed


def series(observed: Observed, status: Status) -> Iterator[Series]:
    """All of them."""
    yield from one_of(of.GATE_VERDICT, get_args(Verdict), raw.text(status, "verdict"))
    yield from at(of.GATE_WAITING_SINCE, _waiting_since(observed, status))
    yield from _scores(status)


def _scores(status: Status) -> Iterator[Series]:
    """Of the newest verdict; two criteria about the same figure tell it once."""
    newest = next(raw.items(status, "verdicts"), {})
    found: dict[tuple[str, ...], Series] = {}
    for result in raw.items(newest, "results"):
        names = (raw.text(result, name) for name in ("suite", "metric", "slice"))
        about = (*names, raw.text(result, "compare") or "Absolute")
        for bound in ("value", "lower", "upper"):
            for one in decimal(of.GATE_SCORE, result, bound):
                found[(*about, bound)] = replace(one, labels=(*about, bound))
    yield from found.values()


def _waiting_since(observed: Observed, status: Status) -> datetime | None:
    """When the newest candidate began to wait, or when the gate came to stand still."""
    stalled = condition(status, "Stalled")
    if stalled.get("status") == "True":
        return raw.time(stalled, "lastTransitionTime")
    candidate = raw.text(status, "candidate")
    if not candidate or raw.text(status, "verdict") or observed.me.resource.spec.get("suspend") is True:
        return None
    # None of these is later than the true time, so the latest of them is the nearest.
    known = [observed.me.resource.meta.created_at, *_of_run(observed, candidate)]
    passed = condition(status, "Passed")
    undecided = raw.time(passed, "lastTransitionTime") if passed.get("status") == "Unknown" else None
    return max([*known, undecided] if undecided else known)


def _of_run(observed: Observed, name: str) -> Iterator[datetime]:
    run = observed.find("TrainingRun", name)
    if run is None:
        return
    yield run.resource.meta.created_at
    facts = run_facts(run)
    made = raw.time({"time": facts.artifact.completed_at}, "time") if facts else None
    if made is not None:
        yield made
