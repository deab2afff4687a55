"""A store in memory, for unit tests of what is decided from stored objects."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

from sluice_api.contracts.manifests import FileEntry, FileManifest
from sluice_api.hashing import digest_of_bytes
from sluice_store.files import manifest_bytes


class MemoryStore:
    """Objects in a dict. Every write changes the ETag, even with equal bytes."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._tags: dict[str, int] = {}
        self._guard = threading.Lock()

    def read(self, key: str) -> bytes:
        if key not in self.objects:
            raise FileNotFoundError(key)
        return self.objects[key]

    def read_part(self, key: str, start: int, length: int) -> bytes:
        return self.read(key)[start : start + length]

    def write(self, key: str, data: bytes) -> None:
        with self._guard:
            self.objects[key] = data
            self._tags[key] = self._tags.get(key, 0) + 1

    def create(self, key: str, data: bytes) -> bool:
        with self._guard:
            if self.objects.setdefault(key, data) is not data:
                return self.objects[key] == data
            self._tags[key] = 1
            return True

    def upload(self, path: Path, key: str) -> None:
        self.write(key, path.read_bytes())

    def download(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.read(key))

    def sha256(self, key: str) -> str:
        return hashlib.sha256(self.read(key)).hexdigest()

    def list(self, prefix: str) -> Iterator[str]:
        yield from sorted(k for k in self.objects if not prefix or k.startswith(f"{prefix}/"))

    def etag(self, key: str) -> str | None:
        return f"tag-{self._tags[key]}" if key in self.objects else None

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


def stored_folder(store: MemoryStore, folder: str, files: dict[str, bytes]) -> FileManifest:
    """Files under a manifest."""
    entries = tuple(
        FileEntry(path=p, sha256=digest_of_bytes(d).removeprefix("sha256:"), size_bytes=len(d))
        for p, d in files.items()
    )
    manifest = FileManifest(files=entries, details={"kind": "test"})
    for path, data in files.items():
        store.write(f"{folder}/{path}", data)
    store.write(f"{folder}/manifest.json", manifest_bytes(manifest))
    return manifest
