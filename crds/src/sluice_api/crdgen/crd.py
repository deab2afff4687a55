"""The whole CustomResourceDefinition of a kind: names, columns, rules of change, default status."""

from typing import Any

from sluice_api import meta
from sluice_api.base import NAME_PATTERN
from sluice_api.crdgen.structural import structural_schema
from sluice_api.crdgen.worded import worded
from sluice_api.kinds import Column, Kind
from sluice_api.reasons import PENDING

Schema = dict[str, Any]

NEVER_SEEN = {
    "type": "Ready",
    "status": "Unknown",
    "observedGeneration": 0,
    "lastTransitionTime": "1970-01-01T00:00:00Z",
    "reason": PENDING.camel,
    "message": "Waiting for the operator to see this object. If this stays, the operator is not running.",
}
"""Default condition: without it kstatus calls an object healthy that no operator ever looked at.

Generation 0 is older than every real one, so nobody takes it for an answer about the spec.
"""


def crd_of(kind: Kind) -> Schema:
    """The definition of a kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{meta.GROUP}"},
        "spec": {
            "group": meta.GROUP,
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.singular,
                "shortNames": [kind.short],
                "categories": [meta.CATEGORY],
            },
            "scope": "Namespaced",
            "versions": [_version(kind)],
        },
    }


def _version(kind: Kind) -> Schema:
    return {
        "name": meta.VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [_column(c) for c in kind.columns],
        "schema": {"openAPIV3Schema": worded(object_schema(kind))},
        "subresources": {"status": {}},
    }


def object_schema(kind: Kind) -> Schema:
    """Schema of a whole object."""
    spec = structural_schema(kind.spec, defaults=True)
    rules = spec.get("x-kubernetes-validations", []) + immutability_rules(kind, spec)
    if rules:
        spec["x-kubernetes-validations"] = rules
    return {
        "type": "object",
        "description": _sentence(kind.spec.__module__),
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Always {meta.API_VERSION}."},
            "kind": {"type": "string", "description": f"Always {kind.name}."},
            "metadata": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": meta.NAME_MAX, "pattern": NAME_PATTERN}
                },
            },
            "spec": spec,
            "status": _status(kind),
        },
    }


def immutability_rules(kind: Kind, spec: Schema) -> list[Schema]:
    """One rule for each field that may not change, come or go after creation."""
    if kind.spec.MUTABLE is None:
        return []
    frozen = [name for name in spec["properties"] if name not in kind.spec.MUTABLE]
    return [_immutable(kind, name) for name in frozen]


def _immutable(kind: Kind, field: str) -> Schema:
    same = f"has(self.{field}) == has(oldSelf.{field})"
    return {
        "rule": f"{same} && (!has(self.{field}) || self.{field} == oldSelf.{field})",
        "message": f"{field} cannot change after creation; create a {kind.name} with another name",
        "fieldPath": f".{field}",
        "reason": "FieldValueForbidden",
    }


def _status(kind: Kind) -> Schema:
    status = structural_schema(kind.status, defaults=False) | {"default": {}}
    status["properties"]["conditions"]["default"] = [NEVER_SEEN]
    return status


def _column(column: Column) -> Schema:
    made = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return made | ({"priority": 1} if column.wide else {})


def _sentence(module: str) -> str:
    """First line of the docstring of the module that holds the kind."""
    from importlib import import_module

    return (import_module(module).__doc__ or "").strip().splitlines()[0]
