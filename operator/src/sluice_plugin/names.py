"""Objects as people name them: `trun/tickets`, `TrainingRun/tickets`, or a name alone. Pure."""

from sluice_api.kinds import KINDS
from sluice_operator.model import ResourceKind
from sluice_plugin.errors import Refused

_KINDS: dict[str, ResourceKind] = {
    word.lower(): kind.name  # type: ignore[misc]
    for kind in KINDS.values()
    for word in (kind.name, kind.plural, kind.singular, kind.short)
}
KIND_WORDS: tuple[str, ...] = tuple(kind.short for kind in KINDS.values())
"""The short names, as completion offers them."""


def parse_target(text: str, default: ResourceKind | None = None) -> tuple[ResourceKind, str]:
    """Kind and name of `KIND/NAME`; a name alone is of the default kind, where there is one."""
    word, slash, name = text.rpartition("/")
    if not slash and default is not None and name:
        return default, name
    kind = _KINDS.get(word.lower())
    if kind is None or not name:
        raise Refused(f"{text!r} names no object; write KIND/NAME with one of {', '.join(KIND_WORDS)}")
    return kind, name
