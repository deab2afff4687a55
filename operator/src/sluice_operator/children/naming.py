"""Names, labels and owner references of children."""

from collections.abc import Mapping
from typing import Any

from sluice_api import meta
from sluice_operator.model import Resource


def stage_name(owner: str, stage: str, request_hash: str, attempt: int) -> str:
    """Name of the Job and of the record of one attempt; at most 63 characters."""
    return f"{owner}-{stage}-{request_hash[:8]}-{attempt}"


def slot_name(owner: str, content_hash: str) -> str:
    """Name of a slot, of its Service and of its revision record."""
    return f"{owner}-{content_hash[:8]}"


def labels(resource: Resource, component: str) -> dict[str, str]:
    """Labels of every child: the recommended ones and the owner's."""
    return {
        meta.LABEL_APP: "sluice",
        meta.LABEL_INSTANCE: resource.meta.name,
        meta.LABEL_COMPONENT: component,
        meta.LABEL_PART_OF: "sluice",
        meta.LABEL_MANAGED_BY: meta.MANAGED_BY,
        meta.LABEL_OWNER_KIND: resource.kind,
        meta.LABEL_OWNER: resource.meta.name,
    }


def owner_reference(resource: Resource) -> dict[str, Any]:
    """The controller reference; it never blocks the owner's deletion."""
    return {
        "apiVersion": meta.API_VERSION,
        "kind": resource.kind,
        "name": resource.meta.name,
        "uid": resource.meta.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def object_meta(
    resource: Resource, name: str, component: str, annotations: Mapping[str, str], **extra_labels: str
) -> dict[str, Any]:
    """Metadata of a child. Extra labels are given by the last part of their key."""
    return {
        "name": name,
        "namespace": resource.meta.namespace,
        "labels": labels(resource, component) | {f"{meta.GROUP}/{k}": v for k, v in extra_labels.items()},
        "annotations": {meta.ANNOTATION_OWNER_UID: resource.meta.uid, **annotations},
        "ownerReferences": [owner_reference(resource)],
    }
