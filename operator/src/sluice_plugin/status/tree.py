"""The tree of a namespace, made from statuses: pure, and shown to people only.

An object stands under each object that it came from: a run under its pack, a gate under each run that it
judges, a Deployment under its gate. What has no such place stands at the top.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sluice_operator import raw
from sluice_operator.model import Key, Resource
from sluice_operator.references import references_of

Mark = Literal["good", "bad", "busy", "note"]
Resources = dict[Key, Resource]


@dataclass(frozen=True)
class Node:
    """One line of the tree."""

    kind: str
    name: str
    mark: Mark
    phase: str
    reason: str
    text: str
    """What else is worth knowing, in a few words."""
    children: tuple["Node", ...] = ()

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def forest(resources: Iterable[Resource]) -> tuple[Node, ...]:
    """All objects of a namespace."""
    found = {r.key: r for r in sorted(resources, key=lambda r: (r.meta.created_at, r.meta.name))}
    shown: set[Key] = set()
    packs = [_pack(r, found, shown) for r in _of(found, "DatasetPack")]
    rest: list[Node] = []
    for kind, make in (("TrainingRun", _run), ("EvalGate", _gate), ("Deployment", _deployment)):
        rest += [make(r, found, shown) for r in _of(found, kind) if r.key not in shown]
    return (*packs, *rest)


def _of(found: Resources, kind: str) -> list[Resource]:
    return [r for r in found.values() if r.kind == kind]


def _pack(pack: Resource, found: Resources, shown: set[Key]) -> Node:
    shown.add(pack.key)
    runs = [r for r in _of(found, "TrainingRun") if pack.key in references_of(r).keys]
    rows = raw.mapping(pack.status, "rows")
    text = f"{raw.integer(rows, 'accepted')} of {raw.integer(rows, 'read')} rows" if rows else ""
    return _node(pack, text, [_run(r, found, shown) for r in runs])


def _run(run: Resource, found: Resources, shown: set[Key]) -> Node:
    shown.add(run.key)
    gates = [g for g in _of(found, "EvalGate") if _judges(g, run)]
    digest = raw.text(run.status, "artifact", "digest")
    return _node(run, _progress(run), [_gate(g, found, shown, digest) for g in gates])


def _gate(gate: Resource, found: Resources, shown: set[Key], digest: str = "") -> Node:
    shown.add(gate.key)
    verdicts = list(raw.items(gate.status, "verdicts"))
    verdict = next((v for v in verdicts if raw.text(v, "digest") == digest), {})
    text = " ".join(filter(None, (raw.text(verdict, "verdict"), raw.text(verdict, "reason"))))
    below = [d for d in _of(found, "Deployment") if gate.key in references_of(d).keys]
    return _node(gate, text, [_deployment(d, found, shown, digest) for d in below])


def _deployment(resource: Resource, _: Resources, shown: set[Key], digest: str = "") -> Node:
    shown.add(resource.key)
    live = raw.text(resource.status, "active", "digest")
    text = f"serves {live.removeprefix('sha256:')[:12]}" if live else "serves nothing yet"
    if live and live == digest:
        text = "serves this run"
    elif digest and raw.text(resource.status, "candidate", "digest") == digest:
        text = f"prepares this run; {text}"
    return _node(resource, text, [])


def _judges(gate: Resource, run: Resource) -> bool:
    named = raw.text(gate.spec, "candidates", "trainingRunRef", "name")
    return named == run.meta.name or references_of(gate).selects(run.meta.labels)


def _progress(run: Resource) -> str:
    progress = raw.mapping(run.status, "progress")
    digest = raw.text(run.status, "artifact", "digest")
    if digest:
        return f"artifact {digest.removeprefix('sha256:')[:12]}"
    if not progress:
        return ""
    percent, eta = raw.integer(progress, "percent"), raw.integer(progress, "etaSeconds")
    done = f"{bar(percent)} {percent:3d} %  step {raw.integer(progress, 'step')}"
    return f"{done}, {eta} s left" if eta else done


def bar(percent: int, width: int = 20) -> str:
    """A progress bar of plain characters."""
    filled = max(0, min(width, percent * width // 100))
    return "█" * filled + "░" * (width - filled)


_MARKS: tuple[tuple[Mark, Callable[[Resource], bool]], ...] = (
    ("bad", lambda r: raw.holds({"status": r.status}, "Stalled")),
    ("note", lambda r: raw.holds({"status": r.status}, "Suspended")),
    ("good", lambda r: raw.holds({"status": r.status}, "Ready")),
)


def _node(resource: Resource, text: str, children: list[Node]) -> Node:
    ready = raw.condition({"status": resource.status}, "Ready")
    stalled = raw.condition({"status": resource.status}, "Stalled")
    told = stalled if raw.text(stalled, "status") == "True" else ready
    mark: Mark = next((mark for mark, holds in _MARKS if holds(resource)), "busy")
    if mark == "bad":
        text = " ".join(filter(None, (text, raw.text(told, "message"))))
    return Node(
        kind=resource.kind,
        name=resource.meta.name,
        mark=mark,
        phase=raw.text(resource.status, "phase") or "Pending",
        reason=raw.text(told, "reason"),
        text=text,
        children=tuple(children),
    )
