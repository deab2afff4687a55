"""The one line that explain ends with: who has to do what next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from sluice_api import reasons
from sluice_plugin.explain.finding import Finding, Section

_UPSTREAM = frozenset(
    r.camel
    for r in (
        reasons.PROMOTE_BLOCKED,
        reasons.NO_PASSING_CANDIDATE,
        reasons.GATE_NOT_PASSED,
        reasons.NOTHING_LIVE,
        reasons.NO_CANDIDATE,
        reasons.REFERENCE_NOT_FOUND,
        reasons.REFERENCE_NOT_READY,
        reasons.REFERENCE_FAILED,
    )
)
"""Reasons that only say that the cause lies further up."""


@dataclass(frozen=True)
class Advice:
    """What to do next, and where."""

    where: str
    reason: str
    message: str
    text: str
    needs_person: bool

    @property
    def line(self) -> str:
        """What to do, and why."""
        why = ": ".join(filter(None, (self.where, self.reason, self.message)))
        return f"{self.text} ({why})"


def advise(sections: Sequence[Section]) -> Advice:
    """The first cause on the way up that is a cause of its own; else the furthest that only waits."""
    root = sections[0]
    blocked = [(s, f) for s in sections if (f := s.blocker) is not None]
    if root.blocker is None or (root.is_ready and root.blocker.reason in _UPSTREAM):
        message = "it is as it should be" if blocked else "everything on the way is as it should be"
        return Advice(
            root.title,
            "",
            "; ".join([message, *dict.fromkeys(map(_upstream, blocked))]),
            "Nothing to do.",
            False,
        )
    own = [(s, f) for s, f in blocked if f.reason not in _UPSTREAM]
    section, finding = own[0] if own else blocked[-1]
    return _advice(section, finding)


def _upstream(blocked: tuple[Section, Finding]) -> str:
    section, finding = blocked
    return f"{section.title} says {finding.reason}"


def _advice(section: Section, finding: Finding) -> Advice:
    needs_person = finding.mark in ("bad", "note")
    return Advice(section.title, finding.reason, finding.message, finding.next_step, needs_person)
