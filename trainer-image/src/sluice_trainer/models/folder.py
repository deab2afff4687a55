"""Brings a model from the store into a local folder that holds nothing but the model. Imports no torch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.contracts.manifests import FileManifest
from sluice_api.errors import InputWrong
from sluice_model.errors import Unsupported
from sluice_model.files import CONFIG, GENERATION, small_files
from sluice_model.inspection import Inspected, inspect_model, read_documents
from sluice_model.source import FolderSource, ModelSource
from sluice_model.tokenizer import SPECIAL_TOKENS, TOKENIZER_CONFIG
from sluice_model.weights import INDEX, weight_files
from sluice_store.base import ObjectStore
from sluice_store.files import Damaged, fetch_folder, read_manifest

_CLEANED: Final = (CONFIG, GENERATION, TOKENIZER_CONFIG, SPECIAL_TOKENS)


@contextmanager
def unsupported_is_a_reason(where: str = "the base model") -> Iterator[None]:
    """Turn what is wrong with a model's files into the one reason for it."""
    try:
        yield
    except Unsupported as error:
        raise InputWrong(reasons.BASE_MODEL_UNSUPPORTED, f"{where}: {error}"[:1000]) from error


def fetch_model(store: ObjectStore, folder: str, digest: str, destination: Path) -> FileManifest:
    """Download and prove the files of a model; others that lie beside them stay where they are."""
    manifest = fetch_small(store, folder, digest, destination)
    with unsupported_is_a_reason():
        documents = read_documents(FolderSource(destination))
        weights = weight_files(documents.get(INDEX), _sizes(manifest))
    fetch_folder(store, folder, digest, destination, only=weights)
    write_cleaned(inspect_folder(destination), destination)
    return manifest


def fetch_small(store: ObjectStore, folder: str, digest: str, destination: Path) -> FileManifest:
    """Download configuration and tokenizer, and prove them."""
    manifest = read_manifest(store, folder, digest)
    with unsupported_is_a_reason():
        wanted = small_files(_sizes(manifest))
    return fetch_folder(store, folder, digest, destination, only=wanted)


def inspect_folder(folder: Path) -> Inspected:
    """What a local model folder holds. Raises InputWrong(BASE_MODEL_UNSUPPORTED)."""
    with unsupported_is_a_reason():
        return inspect_model(FolderSource(folder))


def inspect_stored(store: ObjectStore, folder: str, manifest: FileManifest, fetched: Path) -> Inspected:
    """What a stored model holds, by its fetched small files and the headers of its weights."""
    with unsupported_is_a_reason():
        return inspect_model(_Stored(store, folder, _sizes(manifest), FolderSource(fetched)))


def write_cleaned(model: Inspected, folder: Path) -> None:
    """Leave only the keys that are allowed in the configuration of a local folder.

    Libraries read these files by themselves, and would act on any key that they know.
    """
    for name in _CLEANED:
        if name in model.documents:
            text = json.dumps(model.documents[name], indent=2, sort_keys=True, ensure_ascii=False)
            (folder / name).write_text(f"{text}\n", encoding="utf-8")


class _Stored(ModelSource):
    """A model of which only the small files are local."""

    def __init__(self, store: ObjectStore, folder: str, sizes: dict[str, int], fetched: FolderSource) -> None:
        self._store, self._folder = store, folder
        self._sizes, self._fetched = sizes, fetched

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each file, as the manifest says."""
        return self._sizes

    def read(self, name: str, start: int, length: int) -> bytes:
        """A part of a file, from where it is. Raises Damaged for one that is gone or was cut off."""
        if name in self._fetched.sizes:
            return self._fetched.read(name, start, length)
        key, whole = f"{self._folder}/{name}", self._sizes[name]
        try:
            data = self._store.read_part(key, start, length)
        except FileNotFoundError:
            raise Damaged(key, f"{whole} bytes", None) from None
        if len(data) < min(length, whole - start):
            raise Damaged(key, f"{whole} bytes", f"{start + len(data)}")
        return data


def _sizes(manifest: FileManifest) -> dict[str, int]:
    return {entry.path: entry.size_bytes for entry in manifest.files}
