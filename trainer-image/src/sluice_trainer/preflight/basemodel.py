"""Finds the base model of a request and proves that it is the one."""

from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.manifests import MANIFEST_NAME, FileManifest
from sluice_api.contracts.requests import BaseLocation
from sluice_api.errors import InputWrong
from sluice_store.base import ObjectStore
from sluice_store.files import read_manifest
from sluice_store.markers import find
from sluice_trainer.context import Context


@dataclass(frozen=True)
class Base:
    """A model folder under its digest."""

    store: ObjectStore
    folder: str
    where: UriDigest
    manifest: FileManifest


def resolve_base(location: BaseLocation, ctx: Context) -> Base:
    """The model at a location. Without a digest, the marker that its import left says which it is."""
    store, folder = ctx.open(location.uri)
    if store.etag(f"{folder}/{MANIFEST_NAME}") is None:
        raise _not_found(location.uri)
    digest = location.digest
    if digest is None:
        found = find(store, folder)
        if found is None:
            raise _not_found(location.uri)
        digest = found.marker.manifest_digest
    manifest = read_manifest(store, folder, digest)
    return Base(store, folder, UriDigest(uri=location.uri, digest=digest), manifest)


def _not_found(uri: str) -> InputWrong:
    return InputWrong(
        reasons.BASE_MODEL_NOT_FOUND,
        f"there is no complete model at {uri}; "
        "import one with `kubectl sluice model import`, or correct the uri",
    )
