"""The API server's audit log: who changed what."""

import json
from dataclasses import dataclass
from pathlib import Path


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
