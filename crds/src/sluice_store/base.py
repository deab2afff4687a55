"""What every store can do. Keys are relative to the store's root and use `/`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sluice_api import reasons
from sluice_api.errors import InputWrong

_SEGMENT = re.compile(r"[^\x00-\x1f\x7f\\/]{1,255}")


class ObjectStore(Protocol):
    """Objects under keys. Missing objects raise FileNotFoundError; trouble raises DependencyUnavailable."""

    def read(self, key: str) -> bytes:
        """Bytes of a small object."""
        ...

    def read_part(self, key: str, start: int, length: int) -> bytes:
        """Bytes of a part of an object; fewer where it ends. Not proven by any manifest."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Put a small object, replacing what is there."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Put a small object only if the key is free (`If-None-Match: *`).

        False when other bytes are there. Equal bytes count as ours: the reply to our own write may have been
        lost. So whoever must know that it alone succeeded puts something of its own into the bytes.
        """
        ...

    def upload(self, path: Path, key: str) -> None:
        """Put a file of any size; the transfer is checked by SHA-256."""
        ...

    def download(self, key: str, path: Path) -> None:
        """Fetch an object of any size to a file; the file appears only when it is whole."""
        ...

    def sha256(self, key: str) -> str:
        """Hash of an object's bytes as they are now, as 64 hex digits, without keeping them."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Keys below a folder, in order; an empty prefix lists all."""
        ...

    def etag(self, key: str) -> str | None:
        """A tag that changes with the object; None when there is none."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is fine."""
        ...


def checked_key(key: str) -> str:
    """The key, if it can only mean a place below its root. Raises InputWrong(URI_MALFORMED)."""
    segments = key.split("/")
    if all(_SEGMENT.fullmatch(s) and s not in {".", ".."} for s in segments) and len(key) <= 1024:
        return key
    raise InputWrong(
        reasons.URI_MALFORMED,
        f"{key!r} is not a key: give names between single slashes, without . or .. or control characters",
    )
