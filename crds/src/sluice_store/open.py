"""Opens stores: the namespace's own, and what else a request may read.

The operator checks locators before it makes a Job; they are checked again here, where they are used.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from sluice_api import reasons
from sluice_api.contracts.envelope import StoreSettings
from sluice_api.errors import InputWrong
from sluice_store.base import ObjectStore, checked_key
from sluice_store.local import LocalStore


def open_store(settings: StoreSettings) -> ObjectStore:
    """The store at the namespace's root."""
    return _open_at(settings.root, settings)


def open_for(uri: str, settings: StoreSettings) -> tuple[ObjectStore, str]:
    """Store and key of a uri: relative to the root, or absolute below the root or a read prefix.

    Raises InputWrong: URI_MALFORMED for what is no key, LOCATOR_NOT_ALLOWED for anything else.
    """
    if "://" not in uri:
        key = checked_key(uri.rstrip("/"))
        return open_store(settings), key
    for prefix in (settings.root, *settings.read_prefixes):
        below = f"{prefix.rstrip('/')}/"
        if uri.startswith(below):
            rest = uri.removeprefix(below).rstrip("/")
            key = checked_key(unquote(rest) if uri.startswith("file:") else rest)
            return _open_at(prefix, settings), key
    allowed = ", ".join((settings.root, *settings.read_prefixes))
    raise InputWrong(reasons.LOCATOR_NOT_ALLOWED, f"{uri} is not below one of: {allowed}")


def _open_at(root: str, settings: StoreSettings) -> ObjectStore:
    parts = urlsplit(root)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return LocalStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        # boto3 takes a quarter of a second to import, which a local folder need not pay.
        from sluice_store.s3 import S3Store, client

        return S3Store(client(settings.endpoint, settings.region, settings.ca_pem), parts.netloc, parts.path)
    raise InputWrong(
        reasons.URI_MALFORMED,
        f"{root} is not a store: give s3://bucket/prefix or file:///folder",
    )
