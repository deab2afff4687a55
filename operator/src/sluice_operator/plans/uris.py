"""Where something lies, as a reader of a status can use it: reports speak of keys below a root."""

from sluice_api.common import UriDigest
from sluice_operator.model import Observed


def whole_uri(observed: Observed, uri: str) -> str:
    """The uri with its scheme; a key below the root of the namespace's store gets that root."""
    storage = observed.settings.storage_profile(observed.me.resource.meta.namespace)
    if "://" in uri or storage is None:
        return uri
    return f"{storage.root(observed.me.resource.meta.namespace)}/{uri}"


def whole(observed: Observed, where: UriDigest) -> UriDigest:
    """The same place by its whole uri."""
    return UriDigest(uri=whole_uri(observed, where.uri), digest=where.digest)
