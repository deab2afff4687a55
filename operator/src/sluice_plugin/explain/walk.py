"""From one object upstream: Deployment -> gate -> its packs -> newest run -> its pack. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from sluice_operator import raw
from sluice_operator.cache import Cache
from sluice_operator.facts.live import fold
from sluice_operator.model import Key, Resource, ResourceKind
from sluice_plugin.console import short
from sluice_plugin.explain.candidates import ranked, selected
from sluice_plugin.explain.finding import Finding, Section, conditions_of, stale
from sluice_plugin.explain.traffic import traffic_findings, traffic_lines

Step = tuple[Section, list[Resource | None]]
"""What is said of an object, and what lies upstream of it."""


@dataclass(frozen=True)
class World:
    """The objects of one namespace."""

    cache: Cache
    namespace: str

    def find(self, kind: ResourceKind, name: str) -> Resource | None:
        """An object by name."""
        return self.cache.resource(Key(self.namespace, kind, name))

    def runs(self) -> list[Resource]:
        """All runs."""
        keys = self.cache.keys()
        return [run for key in keys if key.kind == "TrainingRun" and (run := self.cache.resource(key))]


def walk(world: World, resource: Resource) -> tuple[Section, ...]:
    """The object itself first, then what it waits for, each once, however they refer to each other."""
    found: dict[Key, Section] = {}
    todo = [resource]
    while todo:
        here = todo.pop()
        if here.key in found:
            continue
        found[here.key], upstream = _STEPS[here.kind](world, here)
        todo += [r for r in reversed(upstream) if r is not None]
    return tuple(found.values())


def _deployment(world: World, deployment: Resource) -> Step:
    related = world.cache.related(deployment.key)
    extra = tuple(traffic_findings(deployment, fold(related))) if related else ()
    gate = world.find("EvalGate", raw.text(deployment.spec, "gateRef", "name"))
    return _section(deployment, tuple(traffic_lines(deployment)), extra), [gate]


def _gate(world: World, gate: Resource) -> Step:
    runs = world.runs()
    lines = [_line(c.verdict or "none", c.run, c.reason, c.score, c.approved_by) for c in ranked(gate, runs)]
    suites = [raw.text(s, "datasetRef", "name") for s in raw.items(gate.spec, "suites")]
    packs = [world.find("DatasetPack", name) for name in suites]
    return _section(gate, (*lines, *_jobs(gate))), [*packs, *selected(gate, runs)[:1]]


def _line(verdict: str, run: str, reason: str, score: str, approved_by: str) -> str:
    approved = f"approved by {approved_by}" if approved_by else ""
    return "  ".join(filter(None, (f"{verdict:12}", run, reason, score, approved)))


def _run(world: World, run: Resource) -> Step:
    digest = raw.text(run.status, "artifact", "digest")
    made = (
        (f"artifact {short(digest)} of {raw.text(run.status, 'artifact', 'completedAt')}",) if digest else ()
    )
    pack = world.find("DatasetPack", raw.text(run.spec, "datasetRef", "name"))
    base = world.find("TrainingRun", raw.text(run.spec, "baseModel", "trainingRunRef", "name"))
    return _section(run, (*made, *_jobs(run))), [pack, base]


def _pack(world: World, pack: Resource) -> Step:
    rows = raw.mapping(pack.status, "rows")
    told = [f"{raw.integer(rows, 'accepted')} of {raw.integer(rows, 'read')} rows accepted"] if rows else []
    rejected = [
        f"{raw.integer(r, 'count')} rows rejected: {raw.text(r, 'reason')} {raw.text(r, 'lines')}".rstrip()
        for r in raw.items(pack.status, "rejections")
    ]
    named = [raw.text(c, "datasetRef", "name") for c in raw.items(pack.spec, "contaminationAgainst")]
    checked = [world.find("DatasetPack", name) for name in named]
    return _section(pack, (*told, *rejected, *_jobs(pack))), checked


def _jobs(resource: Resource) -> tuple[str, ...]:
    one = raw.mapping(resource.status, "job")
    working = [one, *raw.items(resource.status, "jobs")] if one else list(raw.items(resource.status, "jobs"))
    told = [
        f"{raw.text(j, 'stage')}, attempt {raw.integer(j, 'attempt')}, runs as Job {raw.text(j, 'job')}"
        for j in working
    ]
    return tuple(told)


def _section(resource: Resource, lines: tuple[str, ...], extra: tuple[Finding, ...] = ()) -> Section:
    phase = raw.text(resource.status, "phase") or "Pending"
    findings = (*stale(resource), *conditions_of(resource), *extra)
    return Section(resource.kind, resource.meta.name, phase, findings, lines)


_STEPS: dict[ResourceKind, Callable[[World, Resource], Step]] = {
    "DatasetPack": _pack,
    "TrainingRun": _run,
    "EvalGate": _gate,
    "Deployment": _deployment,
}
