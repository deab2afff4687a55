"""What kustomize must know of our kinds: where names and labels are referred to, and which lists have keys.

Without it `namePrefix` leaves references that point to nothing, and a strategic merge patch replaces lists.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from sluice_api import meta
from sluice_api.crdgen.crd import object_schema
from sluice_api.kinds import KINDS, Kind

Schema = dict[str, Any]
Path = tuple[str, ...]

_REFERRED = {
    "datasetRef": "DatasetPack",
    "trainingRunRef": "TrainingRun",
    "gateRef": "EvalGate",
    "deploymentRef": "Deployment",
}
"""Field of a reference -> the kind that it names."""
_BUILT_IN = "spec/selector/matchLabels"
"""Place that kustomize labels by itself in every kind named Deployment; a second entry is an error."""
_PATCHED = {"x-kubernetes-patch-strategy": "merge"}


def configuration() -> Schema:
    """The file for `configurations:` of a kustomization."""
    return {
        "nameReference": [
            {"kind": kind, "group": meta.GROUP, "fieldSpecs": list(_places(field))}
            for field, kind in _REFERRED.items()
        ],
        "commonLabels": [
            spec | {"create": False} for spec in _places("matchLabels") if spec["path"] != _BUILT_IN
        ],
    }


def openapi() -> Schema:
    """The file for `openapi:` of a kustomization: our kinds alone, with the keys of lists."""
    return {"definitions": {_name(kind): _definition(kind) for kind in KINDS.values()}}


@cache
def _schema(kind: Kind) -> Schema:
    """Read only: several searches look at it."""
    return object_schema(kind)


def _name(kind: Kind) -> str:
    return f"{'.'.join(reversed(meta.GROUP.split('.')))}.{meta.VERSION}.{kind.name}"


def _definition(kind: Kind) -> Schema:
    gvk = {"group": meta.GROUP, "version": meta.VERSION, "kind": kind.name}
    return _shape(_schema(kind)) | {"x-kubernetes-group-version-kind": [gvk]}


def _shape(schema: Schema) -> Schema:
    """Types and keys of lists; the rest is for the API server."""
    made: Schema = {"type": schema["type"]} if "type" in schema else {}
    if "properties" in schema:
        made["properties"] = {name: _shape(field) for name, field in schema["properties"].items()}
    if "items" in schema:
        made["items"] = _shape(schema["items"])
    for key in schema.get("x-kubernetes-list-map-keys", ())[:1]:
        made |= {"x-kubernetes-patch-merge-key": key, **_PATCHED}
    return made


def _places(field: str) -> Iterator[Schema]:
    for kind in KINDS.values():
        for path in _paths(_schema(kind)["properties"]["spec"], field, ("spec",)):
            end = ("name",) if field in _REFERRED else ()
            yield {"kind": kind.name, "group": meta.GROUP, "path": "/".join((*path, *end))}


def _paths(schema: Schema, field: str, here: Path) -> Iterator[Path]:
    """Paths of a field; kustomize goes through lists by itself."""
    for name, inner in schema.get("properties", {}).items():
        if name == field:
            yield (*here, name)
        yield from _paths(inner, field, (*here, name))
    if "items" in schema:
        yield from _paths(schema["items"], field, here)
