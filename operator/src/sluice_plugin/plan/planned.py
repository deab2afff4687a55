"""From documents and a world to what a person reads: what changes, what happens, what it needs. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sluice_api.common import KindSpec
from sluice_api.evalgate import EvalGateSpec
from sluice_api.kinds import KINDS
from sluice_operator.model import Key
from sluice_plugin.plan.check import Document, Problem, frozen_fields
from sluice_plugin.plan.forecast import forecast
from sluice_plugin.plan.needs import needs
from sluice_plugin.plan.steps import Step, redact
from sluice_plugin.plan.world import World

Change = Literal["new", "changed", "unchanged", "affected"]


@dataclass(frozen=True)
class Planned:
    """One object: of the files, or of the cluster and affected by them."""

    key: Key
    change: Change
    needs: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def is_stalled(self) -> bool:
        """Whether it would not get on without somebody."""
        return bool(self.steps) and self.steps[-1].action == "stalled"

    @property
    def is_waiting(self) -> bool:
        """Whether an object of the files would still wait in the end, such as for a missing reference."""
        return self.change != "affected" and bool(self.steps) and self.steps[-1].action == "wait"

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": self.key.kind,
            "namespace": self.key.namespace,
            "name": self.key.name,
            "change": self.change,
            "needs": list(self.needs),
            "steps": [step.dump() for step in self.steps],
        }


def refused_changes(world: World, documents: Iterable[Document]) -> list[Problem]:
    """Changes that the API server would refuse, because experiments never change."""
    found = []
    for document in documents:
        before = _live_model(world, document.key)
        for field in frozen_fields(before, document.model) if before else ():
            hint = "another experiment is another object: give it another name"
            found.append(Problem(document.where, f"spec.{field}", "cannot change after creation", hint))
    return found


def plan_for(world: World, documents: Iterable[Document]) -> tuple[tuple[Planned, ...], bool]:
    """What happens to each object of the files and to those that they affect; and whether it came to rest."""
    changes = {document.key: _change(world, document) for document in documents}
    for document in documents:
        world.take(document)
    keys = {*changes, *(k for key in changes for k in world.cache.concerned(key))}
    needed = {key: tuple(_needs(world, key)) for key in keys}
    known = world.digests()
    stories, at_rest = forecast(world, keys)
    told = [
        Planned(key, changes.get(key, "affected"), needed[key], _redacted(story, known))
        for key, story in stories.items()
    ]
    return tuple(sorted(told, key=lambda p: (_ORDER[p.key.kind], p.key))), at_rest


_ORDER: Mapping[str, int] = {kind: place for place, kind in enumerate(KINDS)}


def _change(world: World, document: Document) -> Change:
    live = world.cache.resource(document.key)
    if live is None:
        return "new"
    same = _live_model(world, document.key) == document.model
    labels = document.metadata.get("labels") or {}
    return "unchanged" if same and labels.items() <= live.meta.labels.items() else "changed"


def _live_model(world: World, key: Key) -> KindSpec | None:
    """The spec that a cluster holds; None when there is none, or one that an older schema let in."""
    live = world.cache.resource(key)
    try:
        return KINDS[key.kind].spec.parse(live.spec) if live else None
    except ValueError:
        return None


def _needs(world: World, key: Key) -> Iterable[str]:
    resource = world.cache.resource(key)
    if resource is None or key.kind != "EvalGate":
        return ()
    try:
        return tuple(needs(world, key, EvalGateSpec.parse(resource.spec)))
    except ValueError:
        # An invalid gate of the cluster: its outcome says so.
        return ()


def _redacted(story: Iterable[Step], known: frozenset[str]) -> tuple[Step, ...]:
    # What Jobs and slots run is real: their images may have digests.
    real = ("job", "slot")
    return tuple(s if s.action in real else replace(s, text=redact(s.text, known)) for s in story)
