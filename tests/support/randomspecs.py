"""Random specs, valid and broken, made from the models' own schemas. Same seed, same specs."""

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sluice_api.crdgen.structural import structural_schema
from sluice_api.kinds import KINDS

Schema = dict[str, Any]

SAMPLES: dict[str, tuple[str, ...]] = {
    "^[a-z]([-a-z0-9]*[a-z0-9])?$": ("gold", "a", "b-2", "x" * 40),
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": ("default", "0", "gpu-small"),
    "^s3://": ("s3://bucket/team/model", "s3://a-b.c/x/y(1)'!"),
    "^(s3://": (
        "s3://bucket/a b.jsonl",
        "s3://bucket/rows.csv",
        "https://h.example:8443/r.jsonl",
        "configmap:c/k",
    ),
    "^sha256:": ("sha256:" + "0a" * 32,),
    "^[0-9a-f]{64}$": ("f" * 64,),
    "^-?(0|[1-9]": ("0", "1", "0.5", "-1", "2e-4", "-0.25", "123456.123456789", "1e2"),
    "^[a-z][a-z0-9_]*$": ("accuracy", "macro_f1"),
    "^[A-Za-z0-9_.]+$": ("q_proj", "model.layers.0"),
    "^[A-Za-z0-9_.,:/=@-]+$": ("8", "a=b,c"),
    "^[A-Za-z_][A-Za-z0-9_]*$": ("enable_thinking", "_x", "A1"),
    "^[A-Za-z0-9_.,:/ +-]*$": ("", "high", "UTC +2", "a.b,c:d/e"),
    "^[a-z][a-z0-9-]*$": ("max-num-seqs", "enforce-eager"),
    "^([01][0-9]|2[0-3]):": ("00:00", "09:30", "23:59"),
    "^[A-Za-z][A-Za-z0-9_+-]*(/": ("UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+12"),
    "^[^\\x{0000}-": (
        "text",
        "spalte ü",
        " ",
        "\u00a0",
        "\U0001f600" * 64,
        "a\u009bb",
        "a\u202eb",
        "a\u2029",
    ),
}
"""Strings for each pattern; a pattern without samples is an error, so nobody forgets one."""


@dataclass(frozen=True)
class Sample:
    """A spec and how it was made."""

    kind: str
    name: str
    spec: dict[str, Any]
    made_by: str


def samples(kind: str, count: int, seed: int) -> Iterator[Sample]:
    """`count` samples; of eight, four are broken, two have odd names, one is valid, one is left to chance."""
    rng = random.Random(f"{seed}-{kind}")
    schema = structural_schema(KINDS[kind].spec, defaults=True)
    mutations = list(MUTATIONS)
    for number in range(count):
        spec, name, made_by = _value(schema, rng), "example", "schema"
        if number % 4 >= 2:
            mutation = mutations[number // 4 % len(mutations)]
            spec = _broken(kind, schema, mutation, rng)
            made_by = mutation.__name__
        elif number % 8 == 4:
            spec, made_by = _first_valid(kind, schema, rng), "valid"
        elif number % 4 == 1:
            spec = _first_valid(kind, schema, rng)
            name = rng.choice(("a" * 40, "a" * 41, "A", "a.b", "-a", "a-", "1a", "b-2", "ü"))
        yield Sample(kind, name, spec, made_by)


def _broken(
    kind: str, schema: Schema, mutation: Callable[["_Spot"], None], rng: random.Random
) -> dict[str, Any]:
    """A valid spec after a mutation; some kinds have no place for some mutations and stay as they are."""
    for _ in range(20):
        spec = _first_valid(kind, schema, rng)
        before = copy.deepcopy(spec)
        mutation(_Spot(spec, schema, rng))
        if spec != before:
            break
    return spec


def _first_valid(kind: str, schema: Schema, rng: random.Random) -> dict[str, Any]:
    for _ in range(2000):
        spec: dict[str, Any] = _value(schema, rng)
        try:
            KINDS[kind].spec.parse(spec)
        except ValueError:
            continue
        return spec
    raise AssertionError(f"no valid {kind} in 2,000 tries")


def _value(schema: Schema, rng: random.Random) -> Any:
    if "enum" in schema:
        return rng.choice(schema["enum"])
    return _MAKERS[schema["type"]](schema, rng)


def _object(schema: Schema, rng: random.Random) -> dict[str, Any]:
    if "properties" not in schema:
        values = schema["additionalProperties"]
        count = rng.randint(schema.get("minProperties", 0), 3)
        return {f"example.org/{n}": _value(values, rng) for n in range(count)}
    required = schema.get("required", [])
    chosen = [n for n in schema["properties"] if n in required or rng.random() < 0.4]
    return {n: _value(schema["properties"][n], rng) for n in chosen}


def _array(schema: Schema, rng: random.Random) -> list[Any]:
    count = rng.randint(schema.get("minItems", 0), max(schema.get("minItems", 0), 2))
    return [_value(schema["items"], rng) for _ in range(count)]


def _string(schema: Schema, rng: random.Random) -> str:
    if "pattern" not in schema:
        return "x" * rng.choice((max(1, schema.get("minLength", 0)), min(schema["maxLength"], 63)))
    prefixes = [p for p in SAMPLES if schema["pattern"].startswith(p)]
    if not prefixes:
        raise AssertionError(f"no samples for the pattern {schema['pattern']}; add some to SAMPLES")
    fitting = [s for s in SAMPLES[max(prefixes, key=len)] if len(s) <= schema["maxLength"]]
    return rng.choice(fitting)


def _integer(schema: Schema, rng: random.Random) -> int:
    low, high = schema["minimum"], schema["maximum"]
    return rng.choice((low, high, min(low + 1, high), rng.randint(low, high)))


_MAKERS: dict[str, Callable[[Schema, random.Random], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "boolean": lambda _schema, rng: rng.random() < 0.5,
}


@dataclass
class _Spot:
    """A spec that is about to be broken at one random place."""

    spec: dict[str, Any]
    schema: Schema
    rng: random.Random

    def pick(self, accept: Callable[[Schema], bool]) -> tuple[Any, Any, Schema] | None:
        """Container, key and schema of a random value whose schema is accepted."""
        found = [place for place in _places(self.spec, self.schema) if accept(place[2])]
        return self.rng.choice(found) if found else None

    def put(self, accept: Callable[[Schema], bool], make: Callable[[Schema], Any]) -> None:
        place = self.pick(accept)
        if place:
            container, key, schema = place
            container[key] = make(schema)


def _places(value: Any, schema: Schema) -> Iterator[tuple[Any, Any, Schema]]:
    if isinstance(value, dict):
        for key in value:
            below = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            yield value, key, below
            yield from _places(value[key], below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value, index, schema["items"]
            yield from _places(item, schema["items"])


def _is(type_: str) -> Callable[[Schema], bool]:
    return lambda schema: schema["type"] == type_


def _has(key: str) -> Callable[[Schema], bool]:
    return lambda schema: key in schema


def unknown_field(spot: _Spot) -> None:
    place = spot.pick(_has("properties"))
    target = place[0][place[1]] if place and spot.rng.random() < 0.7 else spot.spec
    target["noSuchField"] = spot.rng.choice((1, "x", {}))


def wrong_type(spot: _Spot) -> None:
    wrong = {"integer": "1", "string": 1, "boolean": "true", "array": {}, "object": []}
    spot.put(lambda s: True, lambda s: wrong[s["type"]])


def other_wrong_type(spot: _Spot) -> None:
    wrong = {"integer": 1.5, "string": True, "boolean": 1, "array": "x", "object": "x"}
    spot.put(lambda s: True, lambda s: wrong[s["type"]])


def too_small(spot: _Spot) -> None:
    spot.put(_has("minimum"), lambda s: s["minimum"] - 1)


def too_large(spot: _Spot) -> None:
    spot.put(_has("maximum"), lambda s: spot.rng.choice((s["maximum"] + 1, 2**31, 2**63, 2**70)))


def unknown_enum(spot: _Spot) -> None:
    spot.put(_has("enum"), lambda s: spot.rng.choice((s["enum"][0].lower(), s["enum"][0] + " ", "", "None ")))


def not_a_number(spot: _Spot) -> None:
    words = ("NaN", "nan", "inf", "-Infinity", "1e309", "1e999", "0x1", "1_0", " 1", "1.", ".5", "00", "１")
    spot.put(lambda s: s.get("pattern", "").startswith("^-?(0"), lambda s: spot.rng.choice(words))


def too_long(spot: _Spot) -> None:
    spot.put(_has("maxLength"), lambda s: "a" * (s["maxLength"] + 1))


def too_short(spot: _Spot) -> None:
    spot.put(_has("minLength"), lambda s: "")


def odd_text(spot: _Spot) -> None:
    words = ("a\n", "\n", "a\u2028", "\u00a0a", "a\x00", "../a", "{{ x }}", "ſ", "K", "a\x7f", "٣")
    spot.put(_has("pattern"), lambda s: spot.rng.choice(words))


def odd_end(spot: _Spot) -> None:
    place = spot.pick(_has("pattern"))
    if place:
        place[0][place[1]] = str(place[0][place[1]]) + spot.rng.choice(("\n", "\r\n", " ", "\u0085"))


def required_left_out(spot: _Spot) -> None:
    owners = [(spot.spec, spot.schema)]
    owners += [(c[k], s) for c, k, s in _places(spot.spec, spot.schema) if s.get("required")]
    target, schema = spot.rng.choice(owners)
    target.pop(spot.rng.choice(schema.get("required") or list(target) or [""]), None)


def null_value(spot: _Spot) -> None:
    spot.put(lambda s: True, lambda s: None)


def too_many_items(spot: _Spot) -> None:
    place = spot.pick(_has("maxItems"))
    if place and place[0][place[1]]:
        items = place[0][place[1]]
        items.extend(copy.deepcopy(items[0]) for _ in range(place[2]["maxItems"]))


def item_twice(spot: _Spot) -> None:
    place = spot.pick(_is("array"))
    if place and place[0][place[1]]:
        place[0][place[1]].append(copy.deepcopy(place[0][place[1]][0]))


def nothing_in_it(spot: _Spot) -> None:
    spot.put(lambda s: s["type"] in {"array", "object"}, lambda s: [] if s["type"] == "array" else {})


def many_labels(spot: _Spot) -> None:
    spot.put(_has("maxProperties"), lambda s: {f"k{n}": "v" for n in range(s["maxProperties"] + 1)})


def odd_label_key(spot: _Spot) -> None:
    spot.put(_has("maxProperties"), lambda s: {spot.rng.choice(("", "k" * 317, "k" * 318, "ü" * 317)): "v"})


MUTATIONS: tuple[Callable[[_Spot], None], ...] = (
    unknown_field,
    wrong_type,
    other_wrong_type,
    too_small,
    too_large,
    unknown_enum,
    not_a_number,
    too_long,
    too_short,
    odd_text,
    odd_end,
    required_left_out,
    null_value,
    too_many_items,
    item_twice,
    nothing_in_it,
    many_labels,
    odd_label_key,
)
