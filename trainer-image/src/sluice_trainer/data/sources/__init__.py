"""Where rows come from: one module per kind of locator, and the table of them.

A source brings bytes to a file and nothing else. What the bytes mean is told by `readers`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_store.files import sha256_file
from sluice_trainer.data.sources.access import Access
from sluice_trainer.data.sources.configmap import fetch_configmap
from sluice_trainer.data.sources.https import fetch_https
from sluice_trainer.data.sources.s3 import fetch_s3

Fetch = Callable[[Source, Path, Access], None]

SOURCES: Final[dict[str, Fetch]] = {
    "s3": fetch_s3,
    "https": fetch_https,
    "configmap": fetch_configmap,
}
"""Scheme of a locator -> how its bytes are brought."""


@dataclass(frozen=True)
class Fetched:
    """A source's bytes on the Pod's disk."""

    source: Source
    path: Path
    sha256: str


def fetch_source(source: Source, destination: Path, access: Access) -> Fetched:
    """Bring a source to a file and prove its sha256, if one is demanded."""
    scheme = source.locator.partition(":")[0]
    SOURCES[scheme](source, destination, access)
    found = sha256_file(destination)
    if source.sha256 is not None and found != source.sha256:
        raise InputWrong(
            reasons.SOURCE_DIGEST_MISMATCH,
            f"source {source.name}: {source.locator} has sha256 {found}, the pack demands {source.sha256}",
        )
    if destination.stat().st_size == 0:
        raise InputWrong(reasons.SOURCE_EMPTY, f"source {source.name}: {source.locator} has no bytes")
    return Fetched(source, destination, found)
