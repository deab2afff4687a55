"""The strict base: what every model refuses, and what its string types admit."""

from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from sluice_api.base import ApiModel, Decimal, Digest, FieldName, MetricName, Name, Rule, S3Uri, Timestamp


class Item(ApiModel):
    """An item of a keyed list."""

    item_name: str
    size: int = 1


class Model(ApiModel):
    """A model with everything."""

    RULES = (Rule(cel="self.low <= self.high", message="low above high", holds=lambda m: m.low <= m.high),)

    low: int = 0
    high: int = 9
    items: Annotated[tuple[Item, ...], Field(json_schema_extra={"listMapKey": "itemName"})] = ()
    note: str | None = None


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"lowest": 1}, "lowest"),
        ({"low": "1"}, "valid integer"),
        ({"low": True}, "valid integer"),
        ({"low": 1.5}, "valid integer"),
        ({"low": None}, "valid integer"),
        ({"low": 10}, "low above high"),
        ({"items": [{"itemName": "a"}, {"itemName": "b"}, {"itemName": "a"}]}, "itemName a"),
        ({"items": [{}]}, "itemName"),
        ({"note": 1}, "valid string"),
    ],
)
def test_what_is_wrong_is_refused_and_named(data: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Model.parse(data)


def test_nan_is_no_number() -> None:
    with pytest.raises(ValidationError):
        Model.parse({"low": float("nan")})


def test_names_are_camel_case_outside_and_null_stays_inside() -> None:
    model = Model(items=(Item(item_name="a"),))
    assert model.dump() == {"low": 0, "high": 9, "items": [{"itemName": "a", "size": 1}]}
    assert Model.parse(model.dump()) == model


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Model().low = 3  # type: ignore[misc]


GOOD: list[tuple[Any, list[str]]] = [
    (Name, ["a", "a-b", "a" * 40]),
    (Decimal, ["0", "-0.5", "2e-4", "1E2", "999999.123456789"]),
    (Digest, ["sha256:" + "0a" * 32]),
    (S3Uri, ["s3://bucket/key", "s3://a.b-c/x/y"]),
    (MetricName, ["accuracy", "f1_2"]),
    (FieldName, ["text", "Spalte 1", "ü"]),
    (Timestamp, ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456Z"]),
]
BAD: list[tuple[Any, list[str]]] = [
    (Name, ["", "A", "1a", "-a", "a-", "a.b", "a_b", "a" * 41, "a\n", "ü"]),
    (
        Decimal,
        ["", "NaN", "nan", "inf", "-inf", "Infinity", "1.", ".5", "01", "1e999", "+1", " 1", "1\n"],
    ),
    (Digest, ["sha256:" + "0A" * 32, "sha256:00", "0a" * 32, "sha512:" + "0a" * 32]),
    (
        S3Uri,
        ["s3://bucket", "s3://bucket/", "s3://B/key", "http://x/y", "s3://bucket/a b", "s3://bucket/a\n"],
    ),
    (MetricName, ["", "F1", "1f", "a-b"]),
    (FieldName, ["", "a\x00", "a\nb", "a" * 65]),
    (Timestamp, ["2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05+00:00", "２026-01-02T03:04:05Z"]),
]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in GOOD for text in texts])
def test_string_types_admit(kind: Any, text: str) -> None:
    assert TypeAdapter(kind).validate_python(text) == text


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in BAD for text in texts])
def test_string_types_refuse(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)
