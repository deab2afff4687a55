"""What sources are given to reach the world; stages fill it from their context."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sluice_store.base import ObjectStore


@dataclass(frozen=True)
class Access:
    """Doors of a source."""

    open_uri: Callable[[str], tuple[ObjectStore, str]]
    """Store and key of an absolute uri. Raises InputWrong(LOCATOR_NOT_ALLOWED)."""
    configmaps: Path
    """Folder with one folder per ConfigMap, one file per key."""
    https_hosts: frozenset[str] = frozenset()
    """Hosts that `https:` may reach though their addresses are not public; lower case."""
