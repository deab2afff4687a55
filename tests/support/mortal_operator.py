"""The operator, told to die or to fall asleep at one of its writes, and to note each write that it did.

The transport is the real one; a blow falls between the check of the Lease and the wire, or right after the
answer came. A write is named by what it is, not by its object: `create Job train of TrainingRun`.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from sluice_api import meta
from sluice_operator import __main__ as operator
from sluice_operator import raw
from sluice_operator.adapters.cluster.transport import MERGE_PATCH, Request, Transport
from sluice_operator.handlers import assembly
from sluice_operator.kinds import WATCHED, kind_of

MODULE = "support.mortal_operator"
BLOW = "SLUICE_BLOW"
"""Variable: the blow of this life, as `Blow.text` writes it."""
WRITES = "SLUICE_WRITES"
"""Variable: a file to which each write that was done is added as one line."""
When = Literal["before", "after"]
Signal = Literal["KILL", "STOP"]


@dataclass(frozen=True)
class Blow:
    """A signal at the n-th write of a name."""

    when: When
    signal: Signal
    number: int
    write: str

    @property
    def text(self) -> str:
        """One line."""
        return f"{self.when} {self.signal} {self.number} {self.write}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The blow of a line."""
        when, name, number, write = text.split(" ", 3)
        return cls(when, name, int(number), write)  # type: ignore[arg-type]


class MortalTransport(Transport):
    """Carries out the blow of this life."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        text = os.environ.get(BLOW)
        self._blow = Blow.read(text) if text else None
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _call(self, request: Request) -> dict[str, Any]:
        if not request.fenced:
            return super()._call(request)
        write = name_of(request)
        with self._lock:
            self._seen[write] += 1
            number = self._seen[write]
        self._strike("before", number, write)
        answer = super()._call(request)
        with Path(os.environ[WRITES]).open("a") as notes:
            notes.write(f"{write}\n")
        self._strike("after", number, write)
        return answer

    def _strike(self, when: When, number: int, write: str) -> None:
        blow = self._blow
        if blow is not None and (blow.when, blow.number, blow.write) == (when, number, write):
            os.kill(os.getpid(), signal.SIGKILL if blow.signal == "KILL" else signal.SIGSTOP)


def name_of(request: Request) -> str:
    """What a write is: its verb, the kind, and the step that it is of."""
    body = request.body or {}
    if request.method == "POST":
        return f"create {kind_of(body)} {_step(body)}".rstrip()
    if request.method == "DELETE":
        return f"delete {_kind_at(request.path)}"
    if request.path.endswith("/status"):
        return f"status {kind_of(body)}"
    if request.content_type == MERGE_PATCH:
        return f"patch {_kind_at(request.path)} {' '.join(sorted(_fields(body)))}"
    return f"apply {kind_of(body)}"


def _step(manifest: Mapping[str, Any]) -> str:
    labels, data = raw.mapping(manifest, "metadata", "labels"), raw.mapping(manifest, "data")
    owner = labels.get(meta.LABEL_OWNER_KIND)
    if stage := labels.get(meta.LABEL_STAGE) or data.get("stage"):
        return f"{stage} of {owner}"
    if data.get("record") == "audit":
        return f"audit {data['phase']} {data['cause']}"
    if "record" in data:
        return str(data["record"])
    is_public = manifest["metadata"]["name"] == labels.get(meta.LABEL_OWNER)
    return "public" if is_public else ""


def _kind_at(path: str) -> str:
    plural = path.split("/")[-2]
    return next(kind for kind, place in WATCHED.items() if place.plural == plural)


def _fields(body: Mapping[str, Any]) -> list[str]:
    """What a patch changes, without the guard."""
    notes = raw.mapping(body, "metadata", "annotations")
    labels = raw.mapping(body, "metadata", "labels")
    return [*raw.mapping(body, "spec"), *(key.removeprefix(f"{meta.GROUP}/") for key in (*notes, *labels))]


def main(argv: Sequence[str]) -> int:
    assembly.Transport = MortalTransport  # type: ignore[misc]
    return operator.main(argv)
