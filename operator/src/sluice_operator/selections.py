"""Which finished runs each gate selects, kept sorted by what changes: a pass never looks at every run.

What a change touches is read again at the next question, so a list of thousands of objects costs one reading
of each run. Never I/O.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sluice_operator.finished import FinishedRuns, RunFacts, age_of
from sluice_operator.model import Key

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run and its labels."""

    labels: Labels
    facts: RunFacts


Read = Callable[[Key], FinishedRun | None]


@dataclass
class _Selection:
    """The runs of one gate, oldest first, and the last answer that was made of them."""

    selector: Labels
    runs: list[RunFacts] = field(default_factory=list)
    by_digest: dict[str, tuple[RunFacts, ...]] = field(default_factory=dict)
    answer: FinishedRuns | None = None

    def selects(self, run: FinishedRun) -> bool:
        """Whether the gate selects a run."""
        return self.selector.items() <= run.labels.items()

    def add(self, run: RunFacts) -> None:
        """Take a run that is not there."""
        insort(self.runs, run, key=age_of)
        same = (*self.made(run), run)
        self.by_digest[run.artifact.digest] = tuple(sorted(same, key=age_of, reverse=True))
        self.answer = None

    def drop(self, run: RunFacts) -> None:
        """Leave out a run that is there."""
        del self.runs[bisect_left(self.runs, age_of(run), key=age_of)]
        left = tuple(other for other in self.made(run) if other.name != run.name)
        if left:
            self.by_digest[run.artifact.digest] = left
        else:
            del self.by_digest[run.artifact.digest]
        self.answer = None

    def made(self, run: RunFacts) -> tuple[RunFacts, ...]:
        """Runs with the artifact of this one."""
        return self.by_digest.get(run.artifact.digest, ())

    def told(self) -> FinishedRuns:
        """A copy: an answer stays as it was given."""
        if self.answer is None:
            self.answer = FinishedRuns(tuple(self.runs[::-1]), dict(self.by_digest))
        return self.answer


class Selections:
    """An index of finished runs by the gates that select them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._touched: dict[str, dict[Key, None]] = defaultdict(dict)
        self._runs: dict[str, dict[Key, FinishedRun]] = defaultdict(dict)
        self._gates: dict[str, dict[Key, _Selection]] = defaultdict(dict)

    def touch(self, run: Key) -> None:
        """A run, its labels or its records changed."""
        self._touched[run.namespace][run] = None

    def forget(self, gate: Key) -> None:
        """A gate is gone."""
        self._gates[gate.namespace].pop(gate, None)

    def of(self, gate: Key, selector: Labels) -> FinishedRuns:
        """Finished runs in the gate's namespace that have these labels."""
        self._settle(gate.namespace, list(self._touched[gate.namespace]))
        found = self._gates[gate.namespace].get(gate)
        if found is None or found.selector != selector:
            found = self._gates[gate.namespace][gate] = _Selection(selector)
            for run in self._runs[gate.namespace].values():
                if found.selects(run):
                    found.add(run.facts)
        return found.told()

    def settle(self, most: int) -> bool:
        """Read up to so many touched runs now; whether more are left."""
        for namespace, touched in self._touched.items():
            if touched:
                self._settle(namespace, list(touched)[:most])
                return True
        return False

    def _settle(self, namespace: str, touched: Iterable[Key]) -> None:
        for key in touched:
            del self._touched[namespace][key]
            old, new = self._runs[namespace].pop(key, None), self._read(key)
            if new is not None:
                self._runs[namespace][key] = new
            if old != new:
                self._move(namespace, old, new)

    def _move(self, namespace: str, old: FinishedRun | None, new: FinishedRun | None) -> None:
        for selection in self._gates[namespace].values():
            if old is not None and selection.selects(old):
                selection.drop(old.facts)
            if new is not None and selection.selects(new):
                selection.add(new.facts)
