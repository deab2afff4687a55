"""YAML is read as kubectl and Helm read it; the pairs are answers of sigs.k8s.io/yaml 1.6."""

from typing import Any

import pytest
import yaml

from sluice_operator import goyaml

SCALARS: list[tuple[str, Any]] = [
    ("1e-3", 0.001),
    ("1e3", 1000),
    ("1e+06", 1_000_000),
    ("8.5e+10", 85_000_000_000),
    (".5", 0.5),
    ("5.", 5),
    ("60.0", 60),
    ("6e1", 60),
    ("-0.0", 0),
    ("1e20", 10**20),
    ("1e21", 1e21),
    ("60.5", 60.5),
    ("10:00", "10:00"),
    ("190:20:30", "190:20:30"),
    ("2024-05-01", "2024-05-01"),
    ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
    ("y", True),
    ("off", False),
    ("tRUE", "tRUE"),
    ("~", None),
    ("", None),
    ("0o17", 15),
    ("017", 15),
    ("-017", -15),
    ("08", 8),
    ("0x1F", 31),
    ("-0b11", -3),
    ("1_000", 1000),
    ("1_0.5", 10.5),
    ("1.2.3", "1.2.3"),
    ("=", "="),
    ("NaN", "NaN"),
    ("1,000", "1,000"),
    ("'1'", "1"),
    ("!!str 5", "5"),
    ("18446744073709551615", 2**64 - 1),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_a_scalar_is_what_go_takes_it_for(text: str, value: Any) -> None:
    found = goyaml.load(f"v: {text}")["v"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_text_and_merges_keep_what_is_given() -> None:
    assert goyaml.load("on: 1\n5: 2\n") == {"true": 1, "5": 2}
    text = "a: &a {x: 1, y z: 2}\nb: {<<: *a, x: 3}\nc: {<<: *a}\nd: {<<: *a, x: 3}\n"
    assert goyaml.load(text)["b"] == goyaml.load(text)["d"] == {"x": 3, "y z": 2}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3"),
        ("a:\n  - x: 1\n    x: 2\n", "line 3"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "'c'"),
    ],
)
def test_a_key_that_is_given_twice_is_refused(text: str, told: str) -> None:
    with pytest.raises(yaml.YAMLError, match="duplicate key") as caught:
        list(goyaml.load_all(text))
    assert told in str(caught.value)


def test_json_is_read_as_json() -> None:
    text = '{\n\t"a": 1e-3, "date": "2024-05-01"}\n\n{"b": 2}\n'
    assert list(goyaml.load_all(text)) == [{"a": 0.001, "date": "2024-05-01"}, {"b": 2}]
    assert list(goyaml.load_all("{a: 1e-3}")) == [{"a": 0.001}]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 5000 + "]" * 5000,
        '{"a": ' + "[" * 50_000 + "]" * 50_000 + "}",
        "a: " + "9" * 5000,
        '{"a": ' + "9" * 5000 + "}",
        "a: !!int few",
        "a: !!float few",
        "a: !!timestamp today",
        "? !!timestamp 2024-05-01\n: x",
        "? !!binary aGVsbG8=\n: x",
    ],
    ids=lambda text: text[:20],
)
def test_what_the_library_fails_at_is_refused_as_yaml(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        list(goyaml.load_all(text))
    with pytest.raises(yaml.YAMLError):
        goyaml.load(text)
