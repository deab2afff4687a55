"""What two ends of one story have in common: everything but times, UIDs, and names made from them."""

import re
from collections import Counter
from typing import Any

from sluice_api import meta
from sluice_operator.kinds import RESOURCES
from support.flow import jobs_by_request, shape
from support.teamspace import Raw, Teamspace

_HASH = re.compile(r"(sha256:)?[0-9a-f]{64}")
"""Hashes of requests, which name the namespace that they play in."""
_OF_THE_CLOCK = frozenset(
    {"gpuSeconds", "runningSeconds", "duration", "completedAt", "lastCheckTime", "archivedSequence"}
)
"""How many links one ledger Job archives is a matter of time too."""
_LEDGER = "ledger"


def portrait(space: Teamspace) -> dict[str, Any]:
    """The end of a story, as JSON."""
    records = [(r["metadata"]["name"], r["data"]) for r in space.list("ControllerRevision")]
    revisions = [data for _, data in records if data["record"] == "revision"]
    names = {data["slot"]: f"slot-{data['revision']}" for data in revisions}
    names |= {data["artifact"]["digest"]: f"model of {data['run']}" for data in revisions}
    found = {
        "statuses": _statuses(space),
        "records": [_tell(data) for _, data in records if data.get("stage") != _LEDGER],
        "traffic": _traffic(space),
        "slots": [_slot(slot) for slot in space.list("AppsDeployment")],
        "services": [s["metadata"]["name"] for s in space.list("Service")],
        "jobs": _jobs(space),
    }
    found = _renamed(found, {**names, space.name: "team"})
    return found | {key: sorted(found[key]) for key in ("records", "slots", "services")}


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two portraits differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [d for k in keys for d in differences(one.get(k), other.get(k), f"{path}.{k}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for n, (a, b) in pairs for d in differences(a, b, f"{path}[{n}]")]
    return [] if one == other else [f"{path.lstrip('.')}: {one!r} became {other!r}"]


def _statuses(space: Teamspace) -> dict[str, Any]:
    found = ((kind, o) for kind in RESOURCES for o in space.list(kind))
    return {f"{kind} {o['metadata']['name']}": _still(shape(o.get("status"))) for kind, o in found}


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _still(v) for k, v in value.items() if k not in _OF_THE_CLOCK}
    return [_still(v) for v in value] if isinstance(value, list) else value


def _tell(data: Raw) -> str:
    """A record in one line: what happened, to which digest, and how it ended."""
    match data["record"]:
        case "stage":
            said = (data["stage"], str(data["attempt"]), data["outcome"], data["reason"])
        case "verdict":
            said = (data["run"], data["digest"], data["verdict"], data["criteriaHash"])
        case "revision":
            said = (str(data["revision"]), data["artifact"]["digest"], data["cause"])
        case "audit":
            refused = ",".join(r["digest"] for r in data["fold"].get("refused", []))
            said = (str(data["sequence"]), data["phase"], data["cause"], data.get("digest", ""), refused)
        case "drift":
            # How many ticks there were is a matter of time.
            said = (data["digest"], data["result"])
        case _:
            said = ()
    return " ".join((data["record"], *said))


def _traffic(space: Teamspace) -> dict[str, Any]:
    service = space.find("Service", "live") or {"spec": {}, "metadata": {}}
    selector = service["spec"].get("selector") or {}
    slot = selector.get(meta.LABEL_SLOT)
    found = space.find("AppsDeployment", slot) if slot else None
    return {
        "slot": slot,
        "digest": found["metadata"]["annotations"][meta.ANNOTATION_DIGEST] if found else None,
        "transition": service["metadata"].get("annotations", {}).get(meta.ANNOTATION_TRANSITION),
    }


def _slot(slot: Raw) -> str:
    digest, replicas = slot["metadata"]["annotations"][meta.ANNOTATION_DIGEST], slot["spec"]["replicas"]
    return f"{digest} {replicas} wanted, {slot.get('status', {}).get('availableReplicas', 0)} available"


def _jobs(space: Teamspace) -> dict[str, int]:
    """Requests by owner and stage; more than one Job of a request would show as `twice`."""
    told: Counter[str] = Counter()
    for (stage, _), jobs in jobs_by_request(space).items():
        if stage == _LEDGER:
            continue
        labels = jobs[0]["metadata"]["labels"]
        owner = f"{labels[meta.LABEL_OWNER_KIND]} {labels[meta.LABEL_OWNER]}"
        told[f"{owner} {stage}{' twice' if len(jobs) > 1 else ''}"] += 1
    return dict(told)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {_renamed(k, names): _renamed(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(v, names) for v in value]
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
        return _HASH.sub("some hash", value)
    return value
