"""The API server's audit log: who changed what."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from sluice_localcluster.probe import wait_until

_MOST_SECONDS = 120
"""How long a busy machine may take until nothing is left to write."""


@dataclass(frozen=True)
class Change:
    """One request that was no read."""

    user: str
    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int


def changes(log: Path, user: str, namespace: str | None = None) -> list[Change]:
    """What a user changed, in order."""
    found = (_change(json.loads(line)) for line in log.read_text().splitlines())
    return [c for c in found if c.user == user and namespace in (None, c.namespace)]


def wait_rest(log: Path, user: str, namespace: str, seconds: float) -> None:
    """Wait until a user has changed nothing but Leases for so long, however late that is."""

    def written() -> int:
        return sum(c.resource != "leases" for c in changes(log, user, namespace))

    seen = [written(), time.monotonic()]

    def rests() -> bool:
        if (now := written()) != seen[0]:
            seen[:] = [now, time.monotonic()]
        return time.monotonic() - seen[1] >= seconds

    wait_until(f"{seconds:.0f} s without a write of {user} in {namespace}", rests, _MOST_SECONDS + seconds)


def _change(line: dict) -> Change:  # type: ignore[type-arg]
    where = line.get("objectRef", {})
    return Change(
        user=line["user"]["username"],
        verb=line["verb"],
        resource=where.get("resource", ""),
        subresource=where.get("subresource", ""),
        namespace=where.get("namespace", ""),
        name=where.get("name", ""),
        code=line.get("responseStatus", {}).get("code", 0),
    )
