"""Models to structural schemas, the dialect of JSON Schema that the API server takes.

No references, no null, no titles, no free form. What cannot be said in this dialect raises here, so that a
model never promises what the API server does not check.
"""

from dataclasses import dataclass
from typing import Any

from pydantic_core import core_schema

from sluice_api.base import ApiModel, Rule
from sluice_api.crdgen.descriptions import DescribedSchema

Schema = dict[str, Any]

_COPIED = (
    "type",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)
_HANDLED = {
    *_COPIED,
    "$ref",
    "additionalProperties",
    "const",
    "default",
    "description",
    "items",
    "listMapKey",
    "properties",
    "required",
    "x-kubernetes-validations",
}
_NOT_IN_GO = (r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", r"\b", r"\B", "(?")
"""Parts of patterns that mean different characters to Rust (pydantic) and Go (the API server)."""
_INT32_MAX = 2**31 - 1


class SchemaNotStructural(ValueError):
    """A model says something that a structural schema cannot."""


class _ModelSchema(DescribedSchema):
    """The described generator without titles and null, with the models' rules."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """Never: names say enough."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        """An optional field may be absent; null is no value."""
        return self.generate_inner(schema["schema"])

    def encode_default(self, dft: Any) -> Any:
        """The whole object: the API server evaluates rules on a default before it fills nested ones."""
        return dft.dump() if isinstance(dft, ApiModel) else super().encode_default(dft)

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        """The model's schema with its cross-field rules."""
        made = super().model_schema(schema)
        made.pop("title", None)
        model = schema["cls"]
        if issubclass(model, ApiModel) and model.RULES:
            made["x-kubernetes-validations"] = [cel_rule(rule) for rule in model.RULES]
        return made


def cel_rule(rule: Rule) -> Schema:
    """A cross-field rule as the API server takes it."""
    return {"rule": rule.cel, "message": rule.message} | (
        {"fieldPath": f".{rule.field}"} if rule.field else {}
    )


def structural_schema(model: type[ApiModel], *, defaults: bool) -> Schema:
    """Structural schema of a model, with or without its defaults."""
    raw = model.model_json_schema(schema_generator=_ModelSchema)
    return _Walk(raw.pop("$defs", {}), defaults).convert(raw, _Place(model.__name__))


@dataclass(frozen=True)
class _Place:
    """Where in the schema we are; every complaint names it."""

    path: str
    in_items: bool = False

    def below(self, name: str) -> "_Place":
        return _Place(f"{self.path}.{name}", self.in_items)

    def item(self) -> "_Place":
        return _Place(f"{self.path}[]", in_items=True)


@dataclass(frozen=True)
class _Walk:
    """One pass over a pydantic schema."""

    definitions: Schema
    defaults: bool

    def convert(self, raw: Schema, place: _Place) -> Schema:
        """The structural form of `raw`."""
        if "$ref" in raw:
            raw = {**self.definitions[raw["$ref"].rpartition("/")[2]], **raw}
        _check(raw, place)
        made: Schema = {key: raw[key] for key in _COPIED if key in raw}
        if "description" in raw:
            made["description"] = " ".join(raw["description"].split())
        if "const" in raw:
            made["enum"] = [raw["const"]]
        made |= self._default(raw, place) | self._content(raw, place)
        if "x-kubernetes-validations" in raw:
            made["x-kubernetes-validations"] = raw["x-kubernetes-validations"]
        return made

    def _default(self, raw: Schema, place: _Place) -> Schema:
        if not self.defaults or raw.get("default") is None:
            return {}
        if place.in_items:
            raise SchemaNotStructural(f"{place.path} is inside a list item, where no default may stand")
        return {"default": raw["default"]}

    def _content(self, raw: Schema, place: _Place) -> Schema:
        match raw["type"]:
            case "integer":
                return {"format": "int32" if raw.get("maximum", _INT32_MAX + 1) <= _INT32_MAX else "int64"}
            case "array":
                return {"items": self.convert(raw["items"], place.item())} | _list_type(raw)
            case "object" if "properties" in raw:
                return self._properties(raw, place)
            case "object":
                return {"additionalProperties": self.convert(raw["additionalProperties"], place.below("*"))}
            case _:
                return {}

    def _properties(self, raw: Schema, place: _Place) -> Schema:
        properties = {
            name: self.convert(field, place.below(name)) for name, field in raw["properties"].items()
        }
        return {"properties": properties} | ({"required": raw["required"]} if raw.get("required") else {})


def _list_type(raw: Schema) -> Schema:
    if "listMapKey" not in raw:
        return {"x-kubernetes-list-type": "atomic"}
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [raw["listMapKey"]]}


def _check(raw: Schema, place: _Place) -> None:
    unknown = sorted(raw.keys() - _HANDLED)
    if unknown:
        raise SchemaNotStructural(f"{place.path} uses {', '.join(unknown)}, which no structural schema has")
    wrong = [part for part in _NOT_IN_GO if part in raw.get("pattern", "")]
    if wrong:
        raise SchemaNotStructural(f"{place.path}: {' '.join(wrong)} in the pattern; write the characters out")
    if missing := _missing_bound(raw):
        raise SchemaNotStructural(f"{place.path} has no {missing}, so the cost of its rules has no bound")


def _missing_bound(raw: Schema) -> str:
    match raw["type"]:
        case "string" if not {"enum", "const", "maxLength"} & raw.keys():
            return "maxLength"
        case "array" if "maxItems" not in raw:
            return "maxItems"
        case "object" if "properties" not in raw and "maxProperties" not in raw:
            return "maxProperties"
        case "object" if "properties" not in raw and not isinstance(raw.get("additionalProperties"), dict):
            return "schema of its values"
        case _:
            return ""
