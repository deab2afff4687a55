"""JSON Schemas for editors and offline checks: strict about unknown fields, silent about CEL."""

import re
from typing import Any

from sluice_api import meta
from sluice_api.crdgen.crd import object_schema
from sluice_api.kinds import Kind

Schema = dict[str, Any]
_CODE_POINT = re.compile(r"\\x\{([0-9a-f]{4})\}")
"""A character in patterns as Go and Rust write it; JavaScript and Python write it another way."""


def editor_schema(kind: Kind) -> Schema:
    """Draft 7 schema of a whole object."""
    made = _strict(object_schema(kind))
    made["required"] = ["apiVersion", "kind", "metadata", "spec"]
    made["properties"]["apiVersion"]["const"] = meta.API_VERSION
    made["properties"]["kind"]["const"] = kind.name
    made["properties"]["metadata"]["additionalProperties"] = True
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": kind.name} | made


def _strict(schema: Schema) -> Schema:
    made = {k: v for k, v in schema.items() if not k.startswith("x-kubernetes-") and k != "format"}
    if "pattern" in made:
        made["pattern"] = _CODE_POINT.sub(r"\\u\1", made["pattern"])
    if "properties" in made:
        made["properties"] = {name: _strict(field) for name, field in made["properties"].items()}
        made["additionalProperties"] = False
    elif "additionalProperties" in made:
        made["additionalProperties"] = _strict(made["additionalProperties"])
    if "items" in made:
        made["items"] = _strict(made["items"])
    return made
