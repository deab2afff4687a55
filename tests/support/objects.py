"""Raw API objects for tests, as small as their reader allows; a test names what matters."""

from typing import Any

from sluice_api import meta as names

UID = "00000000-0000-0000-0000-{:012d}"


def uid(number: int) -> str:
    return UID.format(number)


def metadata(
    name: str, *, namespace: str = "team", number: int = 1, version: int = 1, **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": namespace,
        "uid": uid(number),
        "resourceVersion": str(version),
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "generation": 1,
        **more,
    }


def resource(kind: str, name: str, spec: dict[str, Any] | None = None, **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": kind,
        "metadata": metadata(name, **meta),
        "spec": spec or {},
    }


def owner_labels(kind: str, name: str) -> dict[str, str]:
    return {
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_OWNER_KIND: kind,
        names.LABEL_OWNER: name,
    }


def controller(api_version: str, kind: str, name: str, number: int) -> list[dict[str, Any]]:
    return [{"apiVersion": api_version, "kind": kind, "name": name, "uid": uid(number), "controller": True}]


def owned_meta(name: str, owner: tuple[str, str], owner_number: int = 1, **meta: Any) -> dict[str, Any]:
    references = controller(names.API_VERSION, *owner, owner_number)
    annotations = {names.ANNOTATION_OWNER_UID: uid(owner_number)}
    return metadata(
        name, labels=owner_labels(*owner), annotations=annotations, ownerReferences=references, **meta
    )


def job(name: str, owner: tuple[str, str], conditions: tuple[str, ...] = (), **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": owned_meta(name, owner, **meta),
        "spec": {},
        "status": {"conditions": [{"type": c, "status": "True", "reason": "Because"} for c in conditions]},
    }


def pod(name: str, owner: tuple[str, str], job_name: str, job_number: int, **more: Any) -> dict[str, Any]:
    status = more.pop("status", {})
    references = controller("batch/v1", "Job", job_name, job_number)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(name, labels=owner_labels(*owner), ownerReferences=references, **more),
        "status": status,
    }


def revision(name: str, owner: tuple[str, str], data: object, **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": owned_meta(name, owner, **meta),
        "data": data,
        "revision": 1,
    }
