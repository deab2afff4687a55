"""The one door of a stage to the world: store, files, clock, stop flag, progress.

A stage never opens sockets, reads the environment or asks for the time by itself.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sluice_api.base import ApiModel
from sluice_api.contracts.envelope import Envelope
from sluice_api.contracts.manifests import FileManifest
from sluice_store.base import ObjectStore
from sluice_store.open import open_for
from sluice_trainer.interrupts import Interrupts


class Clock(Protocol):
    """Time, so that tests bring their own."""

    def now(self) -> datetime:
        """Time of day, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class ProgressSink(Protocol):
    """Where progress goes: the operator's endpoint, a file, or both."""

    def report(self, step: int, total_steps: int, metrics: Mapping[str, float]) -> None:
        """Tell how far the work is. Never raises."""
        ...


@dataclass(frozen=True)
class Context:
    """What a stage is given beside its request."""

    envelope: Envelope
    store: ObjectStore
    """Objects below the namespace's root."""
    folder: str
    """Key of the attempt's own folder; nobody reads it before a marker names it."""
    work: Path
    """Scratch folder on the Pod's disk."""
    clock: Clock
    progress: ProgressSink
    interrupts: Interrupts = field(default_factory=Interrupts)
    """Ends the stage where it is, unless the stage defers that."""
    deadline: float | None = None
    """When the run's time is over, on the monotonic clock; None when it has no end."""

    def open(self, uri: str) -> tuple[ObjectStore, str]:
        """Store and key of a uri that the request names. Raises InputWrong when it may not be read."""
        return open_for(uri, self.envelope.store)

    @property
    def stop(self) -> threading.Event:
        """Set when the Pod was asked to end."""
        return self.interrupts.stop

    @property
    def remaining_seconds(self) -> float | None:
        """Running time that is left; None when it has no end."""
        return None if self.deadline is None else self.deadline - self.clock.monotonic()


@dataclass(frozen=True)
class Output:
    """What a stage gives back; `__main__` writes report and markers from it."""

    result: ApiModel
    manifest: FileManifest
    """Manifest of the files that the stage put into `ctx.folder`, already uploaded."""
    named: tuple[str, str] | None = None
    """Root and name under which others find it, such as ("packs", digest) or ("artifacts", fingerprint)."""
