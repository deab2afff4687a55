"""Objects that wait for each other: none of them can ever begin."""

from collections.abc import Callable

from sluice_api import reasons
from sluice_operator import raw
from sluice_operator.facts.live import live
from sluice_operator.facts.run import run_facts
from sluice_operator.model import Observed, Problem, Related, ResourceKind

_Next = tuple[ResourceKind, str]


def cycle_of_runs(observed: Observed) -> Problem | None:
    """Runs that start from each other, of which none has an artifact yet."""
    return _cycle(observed, _base_of, "start from each other")


def cycle_of_baselines(observed: Observed) -> Problem | None:
    """Gates that hold until a Deployment serves, which serves only what such a gate passed."""
    return _cycle(observed, _holds_for, "wait for each other: with whenAbsent Hold nothing can ever go live")


def _cycle(observed: Observed, follow: Callable[[Related], _Next | None], words: str) -> Problem | None:
    seen: list[_Next] = [(observed.me.resource.kind, observed.me.resource.meta.name)]
    related: Related | None = observed.me
    while related is not None:
        named = follow(related)
        if named is None:
            return None
        if named in seen:
            way = [f"{kind} {name}" for kind, name in (*seen[seen.index(named) :], named)]
            return Problem(reasons.REFERENCE_CYCLE, f"{' -> '.join(way)} {words}")
        seen.append(named)
        related = observed.find(*named)
    return None


def _base_of(related: Related) -> _Next | None:
    name = raw.text(related.resource.spec, "baseModel", "trainingRunRef", "name")
    return ("TrainingRun", name) if name and run_facts(related) is None else None


def _holds_for(related: Related) -> _Next | None:
    spec = related.resource.spec
    if related.resource.kind == "Deployment":
        gate = raw.text(spec, "gateRef", "name")
        return ("EvalGate", gate) if gate and live(related) is None else None
    name = raw.text(spec, "baseline", "deploymentRef", "name")
    holds = raw.text(spec, "baseline", "whenAbsent") == "Hold"
    return ("Deployment", name) if name and holds else None
