"""Folders under a manifest: upload files and say what they are; fetch files and prove what they are."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from pathlib import Path
from typing import Any, TypeVar

from sluice_api import reasons
from sluice_api.contracts.manifests import (
    MANIFEST_NAME,
    DamageNote,
    FileEntry,
    FileManifest,
)
from sluice_api.errors import InputWrong
from sluice_api.hashing import canonical_json, digest_of, digest_of_bytes
from sluice_store.base import ObjectStore, checked_key
from sluice_store.workers import waited_for

S = TypeVar("S")
T = TypeVar("T")

_PARALLEL = 8


class Damaged(InputWrong):
    """Stored bytes are other than their manifest says, or gone. `note` voids the marker that led here."""

    def __init__(self, where: str, expected: str, found: str | None) -> None:
        super().__init__(
            reasons.ARTIFACT_DIGEST_MISMATCH, f"{where}: expected {expected}, found {found or 'nothing'}"
        )
        self.note = DamageNote(path=where[:1024], expected=expected, found=found)


def sha256_file(path: Path) -> str:
    """Hash of a file, as 64 hex digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def manifest_bytes(manifest: FileManifest) -> bytes:
    """The canonical form; its sha256 is the manifest's digest."""
    ordered = sorted((f.dump() for f in manifest.files), key=lambda f: str(f["path"]))
    return canonical_json({"files": ordered, "details": manifest.details})


def describe_folder(local: Path, details: Mapping[str, Any]) -> FileManifest:
    """Manifest of all files below a local folder."""
    paths = sorted(p for p in local.rglob("*") if p.is_file())
    entries = _parallel(lambda p: _entry(p, local), paths)
    return FileManifest(files=tuple(entries), details=dict(details))


def upload_folder(store: ObjectStore, local: Path, folder: str, details: Mapping[str, Any]) -> FileManifest:
    """Upload all files below a local folder, then `manifest.json`, which says what they are."""
    manifest = describe_folder(local, details)
    _parallel(lambda f: store.upload(local / f.path, f"{folder}/{f.path}"), manifest.files)
    store.write(f"{folder}/{MANIFEST_NAME}", manifest_bytes(manifest))
    return manifest


def read_manifest(store: ObjectStore, folder: str, digest: str | None = None) -> FileManifest:
    """Manifest of a folder. Raises Damaged when it is not the one of that digest.

    Without a digest nothing is proven, and a missing manifest raises FileNotFoundError.
    """
    key = f"{folder}/{MANIFEST_NAME}"
    try:
        data = store.read(key)
    except FileNotFoundError:
        if digest is None:
            raise
        raise Damaged(key, digest, None) from None
    try:
        stored = json.loads(data)
        manifest = FileManifest.parse_open(stored)
        for file in manifest.files:
            checked_key(f"{folder}/{file.path}")
    except (ValueError, TypeError, InputWrong) as error:
        raise Damaged(key, digest or "a file manifest", digest_of_bytes(data)) from error
    found = digest_of(stored)  # of what is stored, be it more than this version knows
    if digest is not None and found != digest:
        raise Damaged(key, digest, found)
    return manifest


def fetch_folder(
    store: ObjectStore, folder: str, digest: str, destination: Path, only: Collection[str] | None = None
) -> FileManifest:
    """Download a folder's files, or only some, and prove each. Raises Damaged.

    Only files that are right appear at the destination.
    """
    manifest = read_manifest(store, folder, digest)
    wanted = [f for f in manifest.files if only is None or f.path in only]
    _parallel(lambda f: _fetch(store, folder, f, destination), wanted)
    return manifest


def verify_folder(store: ObjectStore, folder: str, digest: str) -> FileManifest:
    """Prove every file of a folder where it lies, without keeping it. Raises Damaged."""
    manifest = read_manifest(store, folder, digest)
    _parallel(lambda f: _verify(store, folder, f), manifest.files)
    return manifest


def _entry(path: Path, local: Path) -> FileEntry:
    relative = path.relative_to(local).as_posix()
    try:
        return FileEntry(path=relative, sha256=sha256_file(path), size_bytes=path.stat().st_size)
    except ValueError as error:
        allowed = "letters, digits, dot, dash and underscore, and no leading dot"
        raise InputWrong(reasons.FILE_NAME_NOT_ALLOWED, f"file name {relative!r}: use {allowed}") from error


def _fetch(store: ObjectStore, folder: str, entry: FileEntry, destination: Path) -> None:
    key = f"{folder}/{entry.path}"
    path = destination / entry.path
    part = path.with_name(f"{path.name}.part")

    def download() -> str:
        store.download(key, part)
        return sha256_file(part)

    try:
        _prove(key, entry, download)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _verify(store: ObjectStore, folder: str, entry: FileEntry) -> None:
    key = f"{folder}/{entry.path}"
    _prove(key, entry, lambda: store.sha256(key))


def _prove(key: str, entry: FileEntry, measure: Callable[[], str]) -> None:
    """Raise Damaged unless the hash is right. Looks twice: a byte may also flip on the way."""
    found: str | None = None
    for _ in range(2):
        try:
            found = measure()
        except FileNotFoundError:
            raise Damaged(key, f"sha256:{entry.sha256}", None) from None
        if found == entry.sha256:
            return
    raise Damaged(key, f"sha256:{entry.sha256}", f"sha256:{found}")


def _parallel(work: Callable[[S], T], items: Iterable[S]) -> list[T]:
    """Results in order; the first failure is raised, and what was not started then never starts."""
    with waited_for(ThreadPoolExecutor(_PARALLEL, thread_name_prefix="transfer")) as pool:
        return [future.result() for future in [pool.submit(work, item) for item in items]]
