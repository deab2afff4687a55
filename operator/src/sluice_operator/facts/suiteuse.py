"""How many candidates a gate judged on each suite: the more there are, the sooner one passes by chance.

A suite is its pack's digest. A candidate keeps its number on a suite, whatever else changes; numbers only
grow, because the verdict with the highest one is kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sluice_api.criteria import demand_of, spent_confidence
from sluice_api.evalgate import Criterion, SuiteDigest
from sluice_api.manycandidates import SuiteUse
from sluice_api.records import VerdictRecord

MOST_SUITES = 20
"""Suites, by digest, whose count outlives the verdicts about them."""


@dataclass
class SuiteUses:
    """Numbers of the candidates on each suite; they are given out once within one call of the planner."""

    numbers: defaultdict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """By the suite's digest, by the candidate's digest; 0 where an old verdict names no number."""
    last: str | None = None
    """Candidate that was the last to get a number here."""

    def of(self, suites: Iterable[SuiteDigest], candidate: str) -> tuple[SuiteUse, ...]:
        """Its numbers, or those that it would get."""
        return tuple(SuiteUse(suite=s.suite, candidate=self._number(s.digest, candidate)) for s in suites)

    def _number(self, suite: str, candidate: str) -> int:
        known = self.numbers.get(suite, {})
        return known.get(candidate) or max(len(known), *known.values(), 0) + 1

    def knows(self, suites: Iterable[SuiteDigest], candidate: str) -> bool:
        """Whether it has a number on each of them."""
        return all(self.numbers.get(s.digest, {}).get(candidate) for s in suites)

    def claim(self, suites: Iterable[SuiteDigest], candidate: str) -> tuple[SuiteUse, ...]:
        """Its numbers, which are taken from now on."""
        asked = tuple(suites)
        uses = self.of(asked, candidate)
        if not self.knows(asked, candidate):
            self.last = candidate
        for suite, use in zip(asked, uses, strict=True):
            self.numbers[suite.digest][candidate] = use.candidate
        return uses


def suite_uses(verdicts: Iterable[VerdictRecord]) -> SuiteUses:
    """The numbers that verdicts gave."""
    found = SuiteUses()
    for verdict in verdicts:
        for digest, number in _numbered(verdict):
            given = found.numbers[digest]
            given[verdict.digest] = max(number, given.get(verdict.digest, 0))
    return found


def counting(verdicts: Iterable[VerdictRecord]) -> tuple[VerdictRecord, ...]:
    """Verdicts that hold the counts of the newest suites."""
    highest: dict[str, tuple[int, str, VerdictRecord]] = {}
    for verdict in verdicts:
        for digest, number in _numbered(verdict):
            if number and (number, verdict.evaluated_at) > highest.get(digest, (0, ""))[:2]:
                highest[digest] = (number, verdict.evaluated_at, verdict)
    newest = sorted(highest.values(), key=lambda entry: entry[1], reverse=True)
    return tuple(verdict for _, _, verdict in newest[:MOST_SUITES])


def _numbered(verdict: VerdictRecord) -> Iterator[tuple[str, int]]:
    """Digest of each suite, and the candidate's number on it."""
    numbers = {use.suite: use.candidate for use in verdict.suite_uses}
    return ((s.digest, numbers.get(s.suite, 0)) for s in verdict.suite_digests)


def words(uses: Iterable[SuiteUse], criteria: Iterable[Criterion], *, shared: bool) -> str:
    """Which candidate it is on each suite, and what the number means for the most worn suite."""
    given = sorted(uses, key=lambda use: -use.candidate)
    text = "candidate " + ", ".join(f"{use.candidate:,} on suite {use.suite}" for use in given)
    worn = given[0]
    demands = [demand_of(c) for c in criteria if c.suite == worn.suite]
    confidence = min((d.confidence for d in demands if d.required and d.confidence), default=0.0)
    if not confidence:
        return text
    if shared:
        return f"{text}, judged at {100 * spent_confidence(confidence, worn.candidate):.6g} %"
    if worn.candidate == 1:
        return text
    chance = 1 - confidence**worn.candidate
    return f"{text}: of so many at the threshold one passes by chance with up to {100 * chance:.0f} %"
