"""Slots as their revisions froze them, and what in a slot is not as it should be."""

from collections.abc import Mapping
from typing import Any

from sluice_api.records import RevisionRecord
from sluice_operator.children import serving
from sluice_operator.model import Patch, SlotView
from sluice_operator.plans.promotion.scene import Scene
from sluice_operator.plans.subset import is_subset

_OF_POD = (
    "initContainers",
    "volumes",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostAliases",
    "serviceAccountName",
)
_OF_CONTAINER = ("image", "command", "args", "env", "envFrom", "lifecycle", "volumeMounts", "workingDir")
"""What decides which program serves which bytes. The API server adds none of it by itself, so a slot may not
have it unless its revision has; other fields may be defaults of the server."""


def manifest(scene: Scene, record: RevisionRecord) -> dict[str, Any]:
    """The slot of a revision, exactly as its record froze it."""
    spec = scene.spec
    template = dict(record.template)
    return serving.slot(scene.resource, record.slot, template, spec.replicas, spec.progress_deadline_seconds)


def put_back(wanted: Mapping[str, Any], slot: SlotView) -> Patch:
    """Make a slot what its manifest says.

    A server-side apply would leave what others added to a list; a merge patch replaces lists whole.
    """
    template, found = wanted["spec"]["template"], slot.spec.get("template", {})
    added = [key for key in _OF_POD if key in found.get("spec", {})]
    pod = {**dict.fromkeys(added), **template["spec"]}
    body = {"spec": {**wanted["spec"], "template": {**template, "spec": pod}}}
    return Patch("AppsDeployment", slot.meta.name, slot.meta.resource_version, body)


def is_as_wanted(wanted: Mapping[str, Any], slot: SlotView) -> bool:
    """Whether a slot says all that its manifest says, and runs nothing else."""
    return is_subset(wanted["spec"], slot.spec) and not is_tampered(wanted, slot)


def is_tampered(wanted: Mapping[str, Any], slot: SlotView) -> bool:
    """Whether the Pods of a slot would be others than its revision says."""
    template, found = wanted["spec"]["template"], slot.spec.get("template", {})
    return not is_subset(template, found) or _runs_more(template.get("spec", {}), found.get("spec", {}))


def _runs_more(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    if any(found.get(key) and not wanted.get(key) for key in _OF_POD):
        return True
    pairs = (
        pair
        for kind in ("initContainers", "containers")
        for pair in zip(wanted.get(kind, ()), found.get(kind, ()), strict=False)
    )
    return any(theirs.get(key) and not ours.get(key) for ours, theirs in pairs for key in _OF_CONTAINER)
