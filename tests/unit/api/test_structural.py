"""What a structural schema cannot say stops the generator, and says where."""

from typing import Annotated, Any

import pytest
from pydantic import Field, StringConstraints

from sluice_api.base import ApiModel
from sluice_api.crdgen.structural import SchemaNotStructural, structural_schema

Word = Annotated[str, StringConstraints(max_length=9)]


class Inner(ApiModel):
    """Inner."""

    size: Annotated[int, Field(ge=1, le=5)] = 2
    """How large."""


class Outer(ApiModel):
    """Outer
    text."""

    inner: Inner = Inner()
    maybe: Inner | None = None
    """Perhaps."""
    big: Annotated[int, Field(ge=0)] = 0
    named: Word


class DefaultInItems(ApiModel):
    """A default inside a list item."""

    parts: Annotated[tuple[Inner, ...], Field(max_length=2)] = ()


class LongText(ApiModel):
    """A string without bound."""

    text: str


class LongList(ApiModel):
    """A list without bound."""

    words: tuple[Word, ...]


class FreeMap(ApiModel):
    """A map without bound."""

    labels: dict[str, Word]


class FreeForm(ApiModel):
    """A map of anything."""

    data: Annotated[dict[str, Any], Field(max_length=3)]


class KeyedMap(ApiModel):
    """A map with rules for its keys."""

    labels: Annotated[dict[Word, Word], Field(max_length=3)]


class Either(ApiModel):
    """One of two types."""

    value: Word | Annotated[int, Field(le=1)]


class UnicodePattern(ApiModel):
    """A pattern that Go and Rust read differently."""

    text: Annotated[str, StringConstraints(max_length=9, pattern=r"^\d+$")]


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (DefaultInItems, r"DefaultInItems\.parts\[\]\.size is inside a list item"),
        (LongText, r"LongText\.text has no maxLength"),
        (LongList, r"LongList\.words has no maxItems"),
        (FreeMap, r"FreeMap\.labels has no maxProperties"),
        (FreeForm, r"FreeForm\.data has no schema of its values"),
        (KeyedMap, r"KeyedMap\.labels uses propertyNames"),
        (Either, r"Either\.value uses anyOf"),
        (UnicodePattern, r"UnicodePattern\.text: \\d in the pattern"),
    ],
)
def test_what_cannot_be_said_is_named(model: type[ApiModel], complaint: str) -> None:
    with pytest.raises(SchemaNotStructural, match=complaint):
        structural_schema(model, defaults=True)


def test_references_are_inlined_and_null_and_titles_are_gone() -> None:
    schema = structural_schema(Outer, defaults=True)
    size = {
        "type": "integer",
        "format": "int32",
        "minimum": 1,
        "maximum": 5,
        "default": 2,
        "description": "How large.",
    }
    assert schema == {
        "type": "object",
        "description": "Outer text.",
        "required": ["named"],
        "properties": {
            "inner": {
                "type": "object",
                "description": "Inner.",
                "default": {"size": 2},
                "properties": {"size": size},
            },
            "maybe": {"type": "object", "description": "Perhaps.", "properties": {"size": size}},
            "big": {"type": "integer", "format": "int64", "minimum": 0, "default": 0},
            "named": {"type": "string", "maxLength": 9},
        },
    }


def test_defaults_can_be_left_out_everywhere() -> None:
    assert "default" not in str(structural_schema(Outer, defaults=False))
    assert structural_schema(DefaultInItems, defaults=False)["type"] == "object"
