"""YAML as kubectl and Helm read it, because what people write goes through them.

Both use Go's YAML library, whose scalars are neither those of YAML 1.1 nor of 1.2: `1e-3` and `1e+06` are
numbers, `on` and `y` are booleans, `10:00` and dates are text, `0o17`, `017` and `0x1F` are whole numbers.
So are `60.0` and `6e1`: what is sent is JSON, and there Go writes 60. Tabs may separate, but not indent.
Source: `resolve.go` of go.yaml.in/yaml/v2. A repeated key, of which kubectl silently takes the last, is an
error here.
"""

import json
import re
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_TRUE = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]
_FALSE = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]
_NULL = ["~", "null", "Null", "NULL"]
_WHOLE = r"[-+]?(?:0[xX]_?[0-9a-fA-F][0-9a-fA-F_]*|0[bB]_?[01][01_]*|0[oO]?_?[0-7][0-7_]*|0|[1-9][0-9_]*)"
_DECIMAL = r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
_SENT_AS_WHOLE = 1e21
"""From here on Go writes a number of JSON with an exponent."""
_LATER_MARK = re.compile(r"^(---[^\n]*\n)\ufeff", re.MULTILINE)
"""The mark of the second file in `cat a.yaml b.yaml`."""
_SPECIAL = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"


class _Loader(yaml.SafeLoader):
    """Safe loader with Go's scalars."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def scan_to_next_token(self) -> None:
        """As libyaml does it: a tab separates where no key may stand."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
                continue
            if key.value in seen:
                told = f"duplicate key {key.value!r}; it was given before in line {seen[key.value]}"
                raise yaml.constructor.ConstructorError(problem=told, problem_mark=key.start_mark)
            seen[key.value] = key.start_mark.line + 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Keys are text, as in JSON."""
        found = super().construct_mapping(node, deep)
        return {key if isinstance(key, str) else json.dumps(key): value for key, value in found.items()}


def _truth(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node) in _TRUE


def _whole(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "").lower()
    digits = text.lstrip("+-")
    if re.fullmatch("0[0-7]+", digits):
        text = text.replace(digits, f"0o{digits}")
    return int(text, 0)


def _decimal(loader: _Loader, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node)).replace("_", "").lower()
    return _as_sent(text.replace(".inf", "inf").replace(".nan", "nan"))


def _as_sent(text: str) -> float:
    """A number with a point or an exponent."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _SENT_AS_WHOLE else value


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"{_TAG}{tag}", re.compile(rf"(?:{pattern})\Z"), list(first))


_resolve("bool", "|".join(_TRUE + _FALSE), "yYnNtTfFoO")
_resolve("null", "|".join(map(re.escape, _NULL)) + "|", "~nN")
_Loader.add_implicit_resolver(f"{_TAG}null", re.compile(r"\Z"), [""])
_resolve("int", _WHOLE, "-+0123456789")
_resolve("float", f"{_DECIMAL}|{_SPECIAL}", "-+.0123456789")
_resolve("merge", "<<", "<")
_Loader.add_constructor(f"{_TAG}bool", _truth)
_Loader.add_constructor(f"{_TAG}int", _whole)
_Loader.add_constructor(f"{_TAG}float", _decimal)


def load(text: str) -> Any:
    """The one document of a text. Raises yaml.YAMLError."""
    with _refusing():
        return yaml.load(text, _Loader)  # noqa: S506 - a subclass of the safe loader


def load_all(text: str) -> Iterator[Any]:
    """All documents of a text; JSON is read as JSON. Raises yaml.YAMLError."""
    with _refusing():
        return iter(_documents(text))


@contextmanager
def _refusing() -> Iterator[None]:
    """Values that the library fails at are refused like every other."""
    try:
        yield
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise yaml.YAMLError(f"it holds a value that cannot be read: {error}") from None


def _documents(text: str) -> list[Any]:
    text = _LATER_MARK.sub(r"\1", text)
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return list(yaml.load_all(text, _Loader))
    try:
        return list(_json_documents(text.lstrip("\ufeff")))
    except json.JSONDecodeError:
        return list(yaml.load_all(text, _Loader))


def _json_documents(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=_as_sent)
    place = 0
    while rest := text[place:].lstrip():
        place = len(text) - len(rest)
        document, place = decoder.raw_decode(text, place)
        yield document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise yaml.YAMLError(f"duplicate key {twice!r} in an object of JSON")
    return found
