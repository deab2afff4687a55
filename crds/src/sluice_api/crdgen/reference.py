"""Reference pages: one per kind, one for the reasons."""

import json
from collections.abc import Iterator
from typing import Any

from sluice_api import meta
from sluice_api.crdgen.crd import crd_of
from sluice_api.kinds import Kind
from sluice_api.reasons import REASONS, Reason, Retry

Schema = dict[str, Any]

WHO_ACTS = {
    Retry.NONE: "nobody",
    Retry.BACKOFF: "the operator, which tries again by itself",
    Retry.BUDGET: "the operator, within `spec.retry.limit`",
    Retry.HUMAN: "you",
}


def kind_page(kind: Kind) -> str:
    """Field reference of a kind, as Markdown."""
    version = crd_of(kind)["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    spec, status = schema["properties"]["spec"], schema["properties"]["status"]
    columns = ", ".join(c["name"] + (" (wide)" if "priority" in c else "") for c in _columns(version))
    lines = [
        f"# {kind.name}",
        "",
        schema["description"],
        "",
        f"- API version `{meta.API_VERSION}`, resource `{kind.plural}.{meta.GROUP}`, short `{kind.short}`",
        f"- Name: at most {meta.NAME_MAX} lower-case letters, digits and dashes",
        f"- `kubectl get {kind.short}` shows: {columns}",
        "",
        "## spec",
        "",
        spec["description"],
        "",
        *_table(spec),
        "",
        "### Rules",
        "",
        *[f"- `{place}`: {message}." for place, message in _rules(spec, "spec")],
        "",
        "## status",
        "",
        status["description"],
        "",
        *_table(status),
    ]
    return "\n".join(lines) + "\n"


def _columns(version: Schema) -> list[Schema]:
    columns: list[Schema] = version["additionalPrinterColumns"]
    return columns


def _table(schema: Schema) -> list[str]:
    rows = [
        f"| {'**' if needed else ''}`{path}`{'**' if needed else ''} | {_type(field)} | {_default(field)} "
        f"| {field.get('description', '').replace('|', chr(92) + '|')} |"
        for path, field, needed in _fields(schema, "")
    ]
    return [
        "Required fields are bold.",
        "",
        "| Field | Type | Default | Meaning |",
        "|---|---|---|---|",
        *rows,
    ]


def _fields(schema: Schema, prefix: str) -> Iterator[tuple[str, Schema, bool]]:
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        is_list = field["type"] == "array"
        yield path, field, name in schema.get("required", [])
        yield from _fields(field["items"] if is_list else field, f"{path}{'[]' if is_list else ''}.")


def _type(field: Schema) -> str:
    if "enum" in field:
        return " \\| ".join(f"`{word}`" for word in field["enum"])
    if field["type"] == "array":
        key = field.get("x-kubernetes-list-map-keys")
        return f"list, at most {field['maxItems']}" + (f", keyed by {key[0]}" if key else "")
    if "additionalProperties" in field:
        return "map of strings"
    if field["type"] == "integer" and {"minimum", "maximum"} <= field.keys():
        return f"integer {field['minimum']} to {field['maximum']}"
    if field["type"] == "string" and "maxLength" in field:
        return f"string, at most {field['maxLength']}"
    return str(field["type"])


def _default(field: Schema) -> str:
    default = field.get("default")
    if default is None or field["type"] in ("array", "object"):
        return ""
    return f"`{json.dumps(default)}`"


def _rules(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for rule in schema.get("x-kubernetes-validations", []):
        yield path + rule.get("fieldPath", ""), rule["message"]
    for name, field in schema.get("properties", {}).items():
        is_list = field["type"] == "array"
        yield from _rules(field["items"] if is_list else field, f"{path}.{name}{'[]' if is_list else ''}")


def reasons_page() -> str:
    """Reference of reasons, as Markdown; each heading is the anchor that messages point to."""
    head = [
        "# Reasons",
        "",
        "Every condition, Event, report and record uses these reasons and no others. Conditions and Events",
        "spell them in CamelCase, reports and records in snake_case.",
    ]
    return "\n".join([*head, *(line for code in sorted(REASONS) for line in _reason(REASONS[code]))]) + "\n"


def _reason(reason: Reason) -> list[str]:
    return [
        "",
        f"## {reason.code.replace('_', '-')}",
        "",
        f"`{reason.camel}`, `{reason.code}`. {reason.severity.value}. Who acts: {WHO_ACTS[reason.retry]}.",
        "",
        reason.next_step,
    ]
