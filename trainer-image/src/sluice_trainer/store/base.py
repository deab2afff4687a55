"""What every store can do. Keys are relative to the namespace's root and use `/`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class ObjectStore(Protocol):
    """Objects under keys. Missing objects raise FileNotFoundError; trouble raises DependencyUnavailable."""

    def read(self, key: str) -> bytes:
        """Bytes of a small object."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Put a small object, replacing what is there."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Put a small object only if the key is free (`If-None-Match: *`). False when it was taken."""
        ...

    def upload(self, path: Path, key: str) -> None:
        """Put a file of any size; the transfer is checked by SHA-256."""
        ...

    def download(self, key: str, path: Path) -> None:
        """Fetch an object of any size to a file; the file appears only when it is whole."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Keys below a prefix, in order."""
        ...

    def etag(self, key: str) -> str | None:
        """A tag that changes with the object; None when there is none."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is fine."""
        ...
