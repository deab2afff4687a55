"""Readers of what another version stored: unknown fields are left out or kept, unknown values have a meaning.

Whoever remembers (records, reports, links of the chain) opens its values. Whoever computes from a value must
know it, so `ApiModel.parse_stored` leaves them closed.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import SchemaValidator, core_schema

MEANING: Final[Mapping[frozenset[str], str]] = {
    frozenset({"Pass", "Fail", "Inconclusive"}): "Inconclusive",
    frozenset({"Good", "Bad", "Unknown"}): "Unknown",
}
"""What a value that this version does not know is read as, by the values that it knows. Any other closed list
of values has no such member: there the value stays as it is, and equals none that code asks for."""

_NO_SCHEMA: Final = frozenset({"cls", "config", "default", "function", "metadata", "serialization"})
"""Keys of a core schema below which no schema is."""


@cache
def open_validator(model: type[BaseModel]) -> SchemaValidator:
    """A validator that makes the same objects and refuses no value of a closed list."""
    return SchemaValidator(_opened(model.__pydantic_core_schema__))


def _opened(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return type(schema)(map(_opened, schema))
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "literal" and all(isinstance(e, str) for e in schema["expected"]):
        return _any_value(schema)
    return {key: part if key in _NO_SCHEMA else _opened(part) for key, part in schema.items()}


def _any_value(schema: Any) -> core_schema.CoreSchema:
    meaning = MEANING.get(frozenset(schema["expected"]))
    text = core_schema.str_schema(strict=True, max_length=64)
    if meaning is None:
        return text
    read = core_schema.no_info_after_validator_function(lambda _: meaning, text)
    return core_schema.union_schema([schema, read], mode="left_to_right")
