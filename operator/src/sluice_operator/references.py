"""Which objects an object refers to: pure, and total for specs that nobody checked.

An edge is a Key in the same namespace. A gate's selector is no edge but a question about labels, because runs
come and go.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sluice_operator import raw
from sluice_operator.model import Key, Resource, ResourceKind

Spec = Mapping[str, Any]
_Named = tuple[ResourceKind, str]


@dataclass(frozen=True)
class References:
    """What one object refers to."""

    keys: frozenset[Key] = frozenset()
    run_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the runs that a gate selects; empty: it selects none."""

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether a run with these labels is selected."""
        return bool(self.run_labels) and self.run_labels.items() <= labels.items()


def references_of(resource: Resource) -> References:
    """What a resource refers to, one step far."""
    namespace = resource.meta.namespace
    named = _NAMED[resource.kind](resource.spec)
    selector = raw.strings(resource.spec, "candidates", "selector", "matchLabels")
    return References(
        keys=frozenset(Key(namespace, kind, name) for kind, name in named if name),
        run_labels=selector if resource.kind == "EvalGate" else {},
    )


def _of_pack(spec: Spec) -> Iterator[_Named]:
    for checked in raw.items(spec, "contaminationAgainst"):
        yield "DatasetPack", raw.text(checked, "datasetRef", "name")


def _of_run(spec: Spec) -> Iterator[_Named]:
    yield "DatasetPack", raw.text(spec, "datasetRef", "name")
    yield "TrainingRun", raw.text(spec, "baseModel", "trainingRunRef", "name")


def _of_gate(spec: Spec) -> Iterator[_Named]:
    yield "TrainingRun", raw.text(spec, "candidates", "trainingRunRef", "name")
    yield "TrainingRun", raw.text(spec, "baseline", "trainingRunRef", "name")
    yield "Deployment", raw.text(spec, "baseline", "deploymentRef", "name")
    for suite in raw.items(spec, "suites"):
        yield "DatasetPack", raw.text(suite, "datasetRef", "name")


def _of_deployment(spec: Spec) -> Iterator[_Named]:
    yield "EvalGate", raw.text(spec, "gateRef", "name")


_NAMED: Mapping[ResourceKind, Callable[[Spec], Iterator[_Named]]] = {
    "DatasetPack": _of_pack,
    "TrainingRun": _of_run,
    "EvalGate": _of_gate,
    "Deployment": _of_deployment,
}
