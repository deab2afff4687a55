"""What explain says of one object: findings, each with its next step, and those of them that block. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sluice_api import reasons
from sluice_api.reasons import BY_CAMEL, Retry, Severity
from sluice_operator import raw
from sluice_operator.model import Resource

Mark = Literal["good", "bad", "busy", "note"]
_WANTED_TRUE = frozenset(
    {"Ready", "Available", "GateOpen", "Passed", "Succeeded", "Finished", "Approved", "AuditArchived"}
)
"""Conditions that are well when they are true; all others are well when they are false."""
_ASIDE = frozenset({"AuditArchived", "Drifted", "RolledBack"})
"""Conditions that keep nothing from going on: they warn, or tell of something that is switched off."""
_CHOSEN = frozenset(r.code for r in (reasons.SUSPENDED, reasons.PAUSED, reasons.PINNED))
"""Reasons that somebody wrote into the spec."""
_QUIET = "Nothing to do."
_URGENCY: Mapping[Mark, int] = {"bad": 0, "note": 1, "busy": 2, "good": 3}


@dataclass(frozen=True)
class Finding:
    """One line: what holds, why, and what to do about it."""

    mark: Mark
    label: str
    """Conditions as `Type=Status`, or a word such as `pin`."""
    reason: str = ""
    message: str = ""
    next_step: str = ""
    is_aside: bool = False
    """It keeps nothing from going on."""

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Section:
    """One object on the way."""

    kind: str
    name: str
    phase: str
    findings: tuple[Finding, ...]
    lines: tuple[str, ...] = ()
    """What else is worth knowing, one line each."""

    @property
    def title(self) -> str:
        """The object as people name it."""
        return f"{self.kind}/{self.name}"

    @property
    def is_ready(self) -> bool:
        """Whether the object does what it is there for; what comes after it may still be held up."""
        return any("Ready=True" in f.label.split() for f in self.findings)

    @property
    def blocker(self) -> Finding | None:
        """What keeps the object from going on: a person first, then waiting, then warnings."""
        found = [f for f in self.findings if f.next_step]
        return min(found, key=lambda f: (f.is_aside, _URGENCY[f.mark]), default=None)

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def told(mark: Mark, label: str, reason: str, message: str) -> Finding:
    """A finding with the next step of its reason; a reason that asks for nothing gets none."""
    known = BY_CAMEL.get(reason)
    step = known.next_step if known and known.next_step != _QUIET else ""
    # A stalled condition's message ends with the next step already.
    return Finding(mark, label, reason, message.removesuffix(step).rstrip(), step)


def conditions_of(resource: Resource) -> Iterator[Finding]:
    """Every condition. Those that say the same in other words are one finding."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for condition in raw.items(resource.status, "conditions"):
        cause = raw.text(condition, "reason"), raw.text(condition, "message")
        groups.setdefault(cause, []).append(condition)
    for cause, group in groups.items():
        label = " ".join(f"{raw.text(c, 'type')}={raw.text(c, 'status')}" for c in group)
        mark = _mark(group, cause[0])
        if mark in ("good", None):
            yield Finding(mark or "note", label, *cause)
        else:
            is_aside = all(raw.text(c, "type") in _ASIDE for c in group)
            yield replace(told(mark, label, *cause), is_aside=is_aside)


def stale(resource: Resource) -> Iterator[Finding]:
    """Whether the status speaks of an older spec, or of none."""
    seen = raw.integer(resource.status, "observedGeneration")
    if seen < resource.meta.generation:
        message = f"the operator saw generation {seen}, the spec is generation {resource.meta.generation}"
        step = "Wait a moment; if it stays so, see whether the operator runs and watches this namespace."
        yield Finding("busy", "status", "", message, step)


def _mark(group: Iterable[Mapping[str, Any]], reason: str) -> Mark | None:
    """None when each of them is as it should be and says nothing new."""
    states = {raw.text(c, "type"): raw.text(c, "status") for c in group}
    if states.get("Stalled") == "True":
        return "bad"
    if all(_is_well(kind, status, reason) for kind, status in states.items()):
        return "good" if any(kind in _WANTED_TRUE for kind in states) else None
    known = BY_CAMEL.get(reason)
    is_off = known is not None and known.severity is Severity.NORMAL and states.keys() <= _ASIDE
    return None if is_off else mark_of(reason)


def mark_of(reason: str) -> Mark:
    """How bad a reason is where it holds something up: a person must act, somebody chose it, or it passes."""
    known = BY_CAMEL.get(reason)
    if known is not None and known.retry is Retry.HUMAN:
        return "bad"
    chosen = known is not None and known.retry is Retry.NONE and known.code in _CHOSEN
    return "note" if chosen else "busy"


def _is_well(kind: str, status: str, reason: str) -> bool:
    if kind == "Progressing":
        # Nothing moves: well when there is nothing to do, else this is what holds it.
        known = BY_CAMEL.get(reason)
        return status == "False" and known is not None and known.next_step == _QUIET
    return status == ("True" if kind in _WANTED_TRUE else "False")
