"""fetch: the serving slot's init container. Downloads an artifact and refuses a wrong digest.

Imports no torch, and leaves no marker: what it makes is a folder in a Pod.
"""

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

from sluice_api import reasons
from sluice_api.contracts.manifests import FileManifest
from sluice_api.contracts.requests import FetchRequest
from sluice_api.errors import InputWrong
from sluice_store.files import fetch_folder
from sluice_trainer.context import Context

_UNFINISHED = ".fetching"
"""Inside the destination, because a volume's own folder cannot be renamed."""

_log = logging.getLogger(__name__)


def run(request: FetchRequest, ctx: Context) -> None:
    """Fill the destination with exactly the artifact's files, or leave nothing there."""
    store, folder = ctx.open(request.artifact.uri)
    destination = Path(request.destination)
    unfinished = destination / _UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        manifest = fetch_folder(store, folder, request.artifact.digest, unfinished)
        _refuse_strangers(destination, manifest)
        for entry in manifest.files:
            _move(unfinished / entry.path, destination / entry.path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    facts = {"digest": request.artifact.digest, "bytes": manifest.size_bytes}
    _log.info("fetched and verified", extra={"facts": facts})


def strangers(present: Iterable[str], manifest: FileManifest) -> list[str]:
    """Files that the artifact does not have. An engine might load them: it takes all safetensors it sees."""
    return sorted(set(present) - {entry.path for entry in manifest.files})


def _refuse_strangers(destination: Path, manifest: FileManifest) -> None:
    files = (p.relative_to(destination) for p in destination.rglob("*") if p.is_file())
    found = strangers((p.as_posix() for p in files if p.parts[0] != _UNFINISHED), manifest)
    if found:
        raise InputWrong(
            reasons.FOLDER_NOT_EMPTY,
            f"destination {destination} holds {found[0]}, which is not of the artifact",
        )


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
