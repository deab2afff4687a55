"""The strict base model and the string types that every kind and contract shares.

A type belongs here when two modules need it. Kinds, stages and records have modules of their own.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from sluice_api.opened import open_validator
from sluice_api.text import CONTROLS


@dataclass(frozen=True)
class Rule:
    """One cross-field rule, told twice: as CEL for the API server and as a predicate for Python.

    `cel` sees the object as `self`; `holds` sees the parsed model. A contract test proves both alike.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool]
    field: str = ""
    """JSON name of the field that the API server's answer points at; empty: the whole object."""


class ApiModel(BaseModel):
    """Strict and frozen: unknown keys, coerced types and later changes are refused.

    Field docstrings become `kubectl explain` texts. JSON names are camelCase.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
    )

    RULES: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        for rule in self.RULES:
            if not rule.holds(self):
                raise ValueError(rule.message)
        return self

    @model_validator(mode="after")
    def _list_keys_are_unique(self) -> Self:
        for name, key in list_map_keys(type(self)).items():
            keys = [item.dump().get(key) for item in getattr(self, name)]
            twice = sorted({str(k) for k in keys if keys.count(k) > 1})
            if twice:
                raise ValueError(f"{to_camel(name)} has more than one item with {key} {', '.join(twice)}")
        return self

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Parse plain JSON data. Raises pydantic.ValidationError, which names every bad path."""
        return cls.model_validate_json(json.dumps(data))

    @classmethod
    def parse_written(cls, data: Mapping[str, Any]) -> Self:
        """Parse what a person wrote: under JSON names only, as the API server takes them."""
        return cls.model_validate_json(json.dumps(data), by_alias=True, by_name=False)

    @classmethod
    def parse_stored(cls, data: Mapping[str, Any]) -> Self:
        """Parse what another version stored and this one computes from: unknown fields are left out.

        Raises pydantic.ValidationError for everything else that is wrong, so for unknown values too.
        """
        return cls.model_validate_json(json.dumps(data), extra="ignore")

    @classmethod
    def parse_open(cls, data: Mapping[str, Any]) -> Self:
        """Parse what another version stored and this one remembers: unknown values are read as well.

        Raises pydantic.ValidationError for what is no such object.
        """
        return cast("Self", open_validator(cls).validate_json(json.dumps(data), extra="ignore"))

    def dump(self) -> dict[str, Any]:
        """Plain JSON data in camelCase, without fields that are null."""
        # Values that another version stored are no error here: no warning tells of them.
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False)


class StoredModel(ApiModel):
    """What outlives the code that wrote it."""

    format_version: Annotated[int, Field(ge=1)] = 1
    """Form of what is stored; absent: 1. Readers of an earlier form leave out what they do not know."""


@cache
def list_map_keys(model: type[ApiModel]) -> dict[str, str]:
    """Fields whose items have a key of their own, and that key: `x-kubernetes-list-type: map`."""
    extras = {name: field.json_schema_extra for name, field in model.model_fields.items()}
    return {n: str(e["listMapKey"]) for n, e in extras.items() if isinstance(e, dict) and "listMapKey" in e}


NAME_PATTERN = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,9})?([eE]-?[0-9]{1,2})?$"

Name = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=NAME_PATTERN)]
"""Name of a Sluice object or list item: RFC 1035 label of at most 40 characters."""

ShortText = Annotated[str, StringConstraints(max_length=256)]
Message = Annotated[str, StringConstraints(max_length=1024)]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=rf"^[^{CONTROLS}]+$")]
Hex64 = Annotated[str, StringConstraints(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, StringConstraints(min_length=71, max_length=71, pattern=r"^sha256:[0-9a-f]{64}$")]
"""A digest as `sha256:<64 hex digits>`."""

Decimal = Annotated[str, StringConstraints(min_length=1, max_length=24, pattern=DECIMAL_PATTERN)]
"""A decimal number as a string; the pattern admits no NaN and no infinity."""

S3Uri = Annotated[
    str,
    StringConstraints(
        max_length=470,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*'()/=+@-]{1,400}$",
    ),
]
MetricName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Timestamp = Annotated[
    str,
    StringConstraints(
        max_length=27, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"
    ),
]
Seconds = Annotated[int, Field(ge=0, le=31_536_000)]
Percent = Annotated[int, Field(ge=0, le=100)]


class NameRef(ApiModel):
    """A reference to an object in the same namespace."""

    name: Name
    """Name of the object, in the same namespace."""
