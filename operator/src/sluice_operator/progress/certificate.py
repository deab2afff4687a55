"""The endpoint's certificate: read from our Secret, or made and kept there at the first start."""

from collections.abc import Sequence
from datetime import datetime

from sluice_api import meta as names
from sluice_operator import tls
from sluice_operator.adapters.cluster.errors import AlreadyExists
from sluice_operator.adapters.cluster.secrets import Secrets

_LABELS = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_COMPONENT: "progress"}


async def ensure(secrets: Secrets, name: str, hosts: Sequence[str], now: datetime) -> tls.Bundle:
    """The bundle that all replicas share; whoever comes first makes it. Raises ApiError."""
    found = await secrets.read(name)
    if found is not None and tls.is_usable(_bundle(found), hosts, now):
        return _bundle(found)
    made = tls.make(hosts, now)
    data = {"ca.crt": made.authority, "tls.crt": made.certificate, "tls.key": made.key}
    if found is not None:
        await secrets.replace(name, data, _LABELS)
        return made
    try:
        await secrets.create(name, data, _LABELS)
    except AlreadyExists:
        return await ensure(secrets, name, hosts, now)
    return made


def _bundle(data: dict[str, bytes]) -> tls.Bundle:
    return tls.Bundle(data.get("ca.crt", b""), data.get("tls.crt", b""), data.get("tls.key", b""))
