"""`s3://bucket/key`, below the namespace's prefix or an allowed read prefix."""

from pathlib import Path

from sluice_api import reasons
from sluice_api.datasetpack import Source
from sluice_api.errors import InputWrong
from sluice_trainer.data.sources.access import Access


def fetch_s3(source: Source, destination: Path, access: Access) -> None:
    """Download the object."""
    store, key = access.open_uri(source.locator)
    try:
        store.download(key, destination)
    except FileNotFoundError as error:
        raise InputWrong(
            reasons.SOURCE_NOT_FOUND,
            f"source {source.name}: there is no object {source.locator}; upload the file there, "
            "or correct the locator (keys are case sensitive)",
        ) from error
