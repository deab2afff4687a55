"""The runs that a gate judges, best first: Pass > Inconclusive > Fail > no verdict. Pure.

A score decides nothing between verdicts: a failed run with a better score stands below every run that passed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sluice_operator import raw
from sluice_operator.model import Resource
from sluice_operator.references import references_of

_RANK = {"Pass": 0, "Inconclusive": 1, "Fail": 2, "": 3}


@dataclass(frozen=True)
class Candidate:
    """One run under one gate."""

    run: str
    verdict: str
    """Pass, Inconclusive, Fail, or empty while there is none."""
    reason: str
    score: str
    """What the first required criterion measured, with its bounds."""
    digest: str
    completed_at: str
    approved_by: str

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def selected(gate: Resource, runs: Iterable[Resource]) -> tuple[Resource, ...]:
    """Runs that a gate judges, newest first."""
    named = raw.text(gate.spec, "candidates", "trainingRunRef", "name")
    found = [r for r in runs if r.meta.name == named or references_of(gate).selects(r.meta.labels)]
    return tuple(sorted(found, key=lambda r: (r.meta.created_at, r.meta.name), reverse=True))


def ranked(gate: Resource, runs: Iterable[Resource]) -> tuple[Candidate, ...]:
    """Candidates of a gate: by verdict, then the newest artifact first."""
    entries = {raw.text(v, "digest"): v for v in raw.items(gate.status, "verdicts")}
    found = [_candidate(run, entries) for run in selected(gate, runs)]
    found.sort(key=lambda c: (c.completed_at, c.run), reverse=True)
    return tuple(sorted(found, key=lambda c: _RANK.get(c.verdict, len(_RANK))))


def _candidate(run: Resource, entries: Mapping[str, Mapping[str, Any]]) -> Candidate:
    digest = raw.text(run.status, "artifact", "digest")
    entry = entries.get(digest, {})
    return Candidate(
        run=run.meta.name,
        verdict=raw.text(entry, "verdict"),
        reason=raw.text(entry, "reason"),
        score=_score(entry),
        digest=digest,
        completed_at=raw.text(run.status, "artifact", "completedAt"),
        approved_by=raw.text(entry, "approvedBy"),
    )


def _score(entry: Mapping[str, Any]) -> str:
    results = list(raw.items(entry, "results"))
    first = next((r for r in results if raw.text(r, "mode") == "Required"), None)
    if first is None or not raw.text(first, "value"):
        return ""
    bounds = f"{raw.text(first, 'lower') or '?'} to {raw.text(first, 'upper') or '?'}"
    asked = f"{raw.text(first, 'metric')} on {raw.text(first, 'suite')}"
    return f"{asked} {raw.text(first, 'value')} ({bounds} on {raw.integer(first, 'items')} items)"
