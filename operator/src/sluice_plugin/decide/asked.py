"""What a decision is about, before anybody writes it. Only values."""

from dataclasses import dataclass, field

from sluice_api.decisions import Decision
from sluice_api.kinds import KINDS
from sluice_operator.model import Related, ResourceKind
from sluice_plugin.console import short
from sluice_plugin.errors import Refused

SHORTEST = 6
"""Digits of a digest that a person must give at least."""


@dataclass(frozen=True)
class Asked:
    """One decision about one digest."""

    decision: Decision
    kind: ResourceKind
    name: str
    uid: str
    digest: str
    seen: str
    """Newest audit sequence, or for approve the hash of the verdict."""
    will: tuple[str, ...] = field(default=())
    """What will happen, in sentences for people."""

    @property
    def plural(self) -> str:
        """Resource that is annotated."""
        return KINDS[self.kind].plural


@dataclass(frozen=True)
class Nothing:
    """It is so already."""

    message: str


def require_open(related: Related) -> None:
    """Raise Refused when nothing is decided about an object now."""
    meta = related.resource.meta
    what = f"{related.resource.kind} {meta.name}"
    if meta.deleting:
        raise Refused(f"{what} is being deleted; there is nothing to decide any more")
    if related.resource.spec.get("suspend") is True:
        raise Refused(f"{what} is suspended; set spec.suspend to false, then ask again")


def one_digest(text: str, known: dict[str, str], what: str) -> str:
    """The one known digest that begins as a person wrote. `known` tells people what each is."""
    wanted = text.removeprefix("sha256:")
    found = [d for d in known if d.removeprefix("sha256:").startswith(wanted)]
    if len(wanted) < SHORTEST and wanted not in known:
        raise Refused(f"{text!r} is too short; give at least {SHORTEST} digits of a digest: {listed(known)}")
    if len(found) != 1:
        many = "names several" if found else "is none"
        raise Refused(f"{text!r} {many} of {what}: {listed(known)}")
    return found[0]


def listed(known: dict[str, str]) -> str:
    """Digests with what they are, for people."""
    return ", ".join(f"{short(digest)} ({told})" for digest, told in known.items()) or "none"
