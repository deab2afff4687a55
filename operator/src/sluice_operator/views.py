"""Raw API objects -> slim frozen views.

Total: odd input gives a poorer view, never an exception, because anybody may have written what is read here.
Nothing is judged. What many objects share is kept once in memory.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Literal

from sluice_api import meta as names
from sluice_api.records import Record, parse_record
from sluice_operator import raw
from sluice_operator.kinds import RESOURCES, SERVICE_NAME_LABEL, SLICE_MANAGER_LABEL, Kind
from sluice_operator.model import (
    JobView,
    Key,
    Meta,
    Owner,
    PodView,
    RecordView,
    Resource,
    ResourceKind,
    ServiceView,
    SliceView,
    SlotView,
)
from sluice_operator.pod_body import body_of
from sluice_operator.pod_views import STAGE_CONTAINER, pod_fields


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the cache keeps it: a tenth of what the parsed model weighs."""

    meta: Meta
    data: bytes


View = Resource | JobView | PodView | SlotView | ServiceView | SliceView | StoredRecord
SHARED_MAX = 64
SHOWN_ADDRESSES = 3
_EPOCH = datetime.fromtimestamp(0, UTC)


def view_of(kind: Kind, data: object) -> View:
    """The view of an object of that kind."""
    return _VIEWS[kind](data)


def owner_key(meta: Meta) -> Key | None:
    """The object of ours that a child says it belongs to, by its labels."""
    kind = meta.labels.get(names.LABEL_OWNER_KIND, "")
    name = meta.labels.get(names.LABEL_OWNER, "")
    return Key(meta.namespace, kind, name) if kind in RESOURCES and name else None  # type: ignore[arg-type]


def meta_of(data: object) -> Meta:
    """What every object has; of the annotations only ours."""
    found = raw.mapping(data, "metadata")
    return Meta(
        name=raw.text(found, "name"),
        namespace=sys.intern(raw.text(found, "namespace")),
        uid=raw.text(found, "uid"),
        resource_version=raw.text(found, "resourceVersion"),
        created_at=raw.time(found, "creationTimestamp") or _EPOCH,
        generation=raw.integer(found, "generation"),
        labels=_shared(raw.strings(found, "labels")),
        annotations=_shared(
            {k: v for k, v in raw.strings(found, "annotations").items() if k.startswith(f"{names.GROUP}/")}
        ),
        owner=_controller(found),
        deleting="deletionTimestamp" in found,
    )


def _controller(meta: Mapping[str, Any]) -> Owner | None:
    for reference in raw.items(meta, "ownerReferences"):
        if reference.get("controller") is True:
            return Owner(raw.text(reference, "kind"), raw.text(reference, "name"), raw.text(reference, "uid"))
    return None


def _resource(kind: ResourceKind, data: object) -> Resource:
    return Resource(
        kind=kind,
        meta=meta_of(data),
        spec=_shared(raw.mapping(data, "spec")),
        status=_shared(raw.mapping(data, "status")),
    )


def _job(data: object) -> JobView:
    failed = raw.condition(data, "Failed")
    has_failed, is_complete = failed.get("status") == "True", raw.holds(data, "Complete")
    outcome: Literal["Active", "Complete", "Failed"] = (
        "Failed" if has_failed else "Complete" if is_complete else "Active"
    )
    ended = raw.time(failed, "lastTransitionTime") if has_failed else None
    return JobView(
        meta=meta_of(data),
        outcome=outcome,
        failed_reason=raw.text(failed, "reason") if has_failed else "",
        failed_message=raw.text(failed, "message") if has_failed else "",
        suspended=raw.mapping(data, "spec").get("suspend") is True,
        started_at=raw.time(data, "status", "startTime"),
        finished_at=raw.time(data, "status", "completionTime") or ended,
        body=body_of(raw.mapping(data, "spec", "template", "spec"), STAGE_CONTAINER),
    )


def _pod(data: object) -> PodView:
    meta = meta_of(data)
    job = meta.owner.name if meta.owner and meta.owner.kind == "Job" else None
    body = body_of(raw.mapping(data, "spec"), STAGE_CONTAINER) if job else ""
    return PodView(meta=meta, job=job, body=body, **pod_fields(data))


def _slot(data: object) -> SlotView:
    available = raw.condition(data, "Available")
    is_available = available.get("status") == "True"
    refused = raw.condition(data, "ReplicaFailure")
    troubles = (raw.condition(data, kind) for kind in ("ReplicaFailure", "Progressing", "Available"))
    return SlotView(
        meta=meta_of(data),
        spec=_shared(raw.mapping(data, "spec")),
        replicas=raw.integer(data, "spec", "replicas"),
        available_replicas=raw.integer(data, "status", "availableReplicas"),
        available=is_available,
        available_since=raw.time(available, "lastTransitionTime"),
        observed_generation=raw.integer(data, "status", "observedGeneration"),
        message=next((raw.text(c, "message") for c in troubles if c), ""),
        refusal=raw.text(refused, "message") if refused.get("status") == "True" else "",
    )


def _service(data: object) -> ServiceView:
    return ServiceView(
        meta=meta_of(data),
        selector=_shared(raw.strings(data, "spec", "selector")),
        cluster_ip=raw.text(data, "spec", "clusterIP"),
    )


def _slice(data: object) -> SliceView:
    meta = meta_of(data)
    told = [text for e in raw.items(data, "endpoints") for text in raw.texts(e, "addresses")]
    return SliceView(
        meta=meta,
        service=meta.labels.get(SERVICE_NAME_LABEL, ""),
        managed_by=meta.labels.get(SLICE_MANAGER_LABEL, ""),
        addresses=tuple(told[:SHOWN_ADDRESSES]),
    )


def _record(data: object) -> StoredRecord:
    return StoredRecord(meta_of(data), json.dumps(raw.mapping(data, "data")).encode())


def open_record(stored: StoredRecord) -> RecordView:
    """The record itself; its `record` is None when it cannot be read."""
    fingerprint = hashlib.blake2b(stored.data, digest_size=16).digest()
    return RecordView(meta=stored.meta, record=_parse(stored.data), fingerprint=fingerprint)


# Few: parsing again takes a tenth of a millisecond, keeping them all would double the memory of the cache.
@lru_cache(maxsize=512)
def _parse(data: bytes) -> Record | None:
    try:
        return parse_record(json.loads(data))
    except (ValueError, TypeError):
        return None


def _shared(value: Any) -> Any:
    """The same JSON; keys and short texts, which are most of what an object weighs, are kept once for all."""
    if isinstance(value, dict):
        return {_shared(k): _shared(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_shared(v) for v in value]
    return sys.intern(value) if type(value) is str and len(value) <= SHARED_MAX else value


_VIEWS: Mapping[Kind, Callable[[object], View]] = {
    **{kind: partial(_resource, kind) for kind in RESOURCES},
    "Job": _job,
    "Pod": _pod,
    "AppsDeployment": _slot,
    "Service": _service,
    "ControllerRevision": _record,
    "EndpointSlice": _slice,
}
