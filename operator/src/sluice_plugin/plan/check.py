"""Whether a manifest is one that the API server would take: models and rules, with a guess at typos. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, get_args

from pydantic import ValidationError

from sluice_api import meta
from sluice_api.base import ApiModel
from sluice_api.kinds import KINDS
from sluice_api.patterns import WORDS
from sluice_operator import raw
from sluice_operator.model import Key, ResourceKind
from sluice_plugin.plan.files import Manifest
from sluice_plugin.plan.guess import guess
from sluice_plugin.plan.metadata import wrong_metadata

_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
_OURS = frozenset(KINDS) - {"Deployment"}
"""Kinds that nobody else is known to have."""
_QUOTED = re.compile(r"'([^']*)'")
_TEXT, _WHOLE, _NUMBER, _TRUTH = "text", "a whole number", "a number", "true or false"
_WANTED = {
    **dict.fromkeys(("int_type", "int_from_float", "int_parsing"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _TRUTH),
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "a mapping"),
    "string_type": _TEXT,
}
"""What each error of a type asks for."""
_NEVER = re.compile(r"(?!)")
_SCALARS = {
    _WHOLE: re.compile("[-+]?[0-9]+"),
    _NUMBER: re.compile(r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?"),
    _TRUTH: re.compile("true|false", re.IGNORECASE),
}
SHOWN = 60
"""Characters of a wrong value that are repeated."""
Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Problem:
    """Something that the API server, or an operator, would refuse."""

    where: str
    path: str
    message: str
    hint: str = ""

    def dump(self) -> dict[str, str]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Document:
    """A valid object of a file."""

    where: str
    key: Key
    spec: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> ApiModel:
        """The spec with its defaults."""
        return KINDS[self.key.kind].spec.parse(self.spec)


def is_ours(manifest: Manifest) -> bool:
    """Whether a manifest is meant to be an object of Sluice, or of nothing that kubectl could apply."""
    group, kind = raw.text(manifest.data, "apiVersion").split("/")[0], raw.text(manifest.data, "kind")
    return group == meta.GROUP or not group or not kind or kind in _OURS


def check(manifest: Manifest, namespace: str) -> Document | list[Problem]:
    """The object, or all that is wrong with it."""
    found = list(_problems(manifest))
    if found:
        return found
    data = manifest.data
    kind: ResourceKind = data["kind"]
    own = raw.text(data, "metadata", "namespace") or namespace
    key = Key(own, kind, raw.text(data, "metadata", "name"))
    spec = _without_nulls(KINDS[kind].spec, data.get("spec") or {})
    return Document(manifest.where, key, spec, data["metadata"])


def frozen_fields(old: ApiModel, new: ApiModel) -> tuple[str, ...]:
    """Fields that differ and may not: experiments never change."""
    mutable = getattr(type(new), "MUTABLE", None)
    if mutable is None:
        return ()
    before, after = old.dump(), new.dump()
    differing = (f for f in {*before, *after} if before.get(f) != after.get(f))
    return tuple(sorted(f for f in differing if f not in mutable))


def _problems(manifest: Manifest) -> Iterator[Problem]:
    where, data = manifest.where, manifest.data
    if not isinstance(data, Mapping):
        yield Problem(
            where, "apiVersion", f"{_shown(data)} is no object: it must be a mapping with apiVersion and kind"
        )
        return
    version, kind = raw.text(data, "apiVersion"), raw.text(data, "kind")
    if version != meta.API_VERSION:
        found = f"{version!r} is not served" if version else "must be given"
        yield Problem(where, "apiVersion", found, f"use {meta.API_VERSION}")
    for name in data:
        if name not in _TOP:
            yield Problem(where, str(name), "there is no such field", guess(str(name), _TOP))
    yield from (Problem(where, *wrong) for wrong in wrong_metadata(data))
    if kind not in KINDS:
        yield Problem(where, "kind", f"{kind!r} is not a kind of Sluice", guess(kind, tuple(KINDS)))
        return
    spec = data.get("spec")
    if spec is not None and not isinstance(spec, Mapping):
        yield Problem(where, "spec", "must be a mapping")
        return
    try:
        KINDS[kind].spec.parse_written(_without_nulls(KINDS[kind].spec, spec or {}))
    except ValidationError as error:
        for found in _causes(error):
            yield _spec_problem(where, KINDS[kind].spec, found)
    except (TypeError, ValueError) as error:
        # YAML has values that JSON has not, such as infinity.
        yield Problem(
            where, "spec", str(error), "use text, numbers, booleans, lists and mappings, as JSON has them"
        )


def _without_nulls(model: type[ApiModel] | None, given: Any) -> Any:
    """A value as the API server validates it: it takes the null of a field for its absence."""
    if isinstance(given, list):
        return [_without_nulls(model, item) for item in given]
    if model is None or not isinstance(given, Mapping):
        return given
    fields = {f.alias: _model_in(f.annotation) for f in model.model_fields.values()}
    is_absent = {key for key, value in given.items() if value is None and key in fields}
    return {k: _without_nulls(fields.get(k), v) for k, v in given.items() if k not in is_absent}


def _causes(error: ValidationError) -> list[Any]:
    """What is wrong at its place, without what is wrong above only because of it."""
    found = error.errors()
    places = [e["loc"] for e in found]
    return [e for e in found if not any(p != e["loc"] and p[: len(e["loc"])] == e["loc"] for p in places)]


def _spec_problem(where: str, model: type[ApiModel], error: Any) -> Problem:
    location: Location = error["loc"]
    path, message, hint = _path(location), str(error["msg"]).removeprefix("Value error, "), ""
    if error["type"] == "extra_forbidden":
        message, hint = "there is no such field", guess(str(location[-1]), _fields_at(model, location[:-1]))
    elif error["type"] == "literal_error":
        allowed = _QUOTED.findall(str(error["ctx"]["expected"]))
        message, hint = f"{error['input']!r} is not allowed", guess(str(error["input"]), allowed)
    elif error["type"] == "string_pattern_mismatch":
        message = f"{error['input']!r} is not allowed; it {WORDS.get(error['ctx']['pattern'], message)}"
    elif error["type"] == "missing":
        message = "must be given"
    elif wanted := _WANTED.get(error["type"]):
        message = f"{_shown(error['input'])} is not allowed; it must be {wanted}"
        hint = _quoting(error["input"], wanted)
    return Problem(where, path, message, hint)


def _shown(given: object) -> str:
    text = json.dumps(given, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _quoting(given: object, wanted: str) -> str:
    """Somebody wrote a number or a truth in quotes, or a text without them."""
    if wanted == _TEXT and isinstance(given, bool):
        return 'write it in quotes, such as "yes"'
    if wanted == _TEXT and isinstance(given, int | float):
        return f'write it in quotes: "{given}"'
    is_meant = isinstance(given, str) and _SCALARS.get(wanted, _NEVER).fullmatch(given) is not None
    return f"write it without quotes: {given}" if is_meant else ""


def _path(location: Location) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return f"spec{''.join(parts)}"


def _fields_at(model: type[ApiModel], location: Location) -> tuple[str, ...]:
    """JSON names of the fields where an unknown one stood."""
    here: type[ApiModel] | None = model
    for part in location:
        if isinstance(part, int) or here is None:
            continue
        fields = (f for f in here.model_fields.values() if f.alias == part)
        here = next((m for f in fields if (m := _model_in(f.annotation))), None)
    return tuple(str(f.alias) for f in here.model_fields.values()) if here else ()


def _model_in(annotation: Any) -> type[ApiModel] | None:
    """The model that an annotation such as `tuple[Model, ...] | None` holds."""
    if isinstance(annotation, type) and issubclass(annotation, ApiModel):
        return annotation
    return next((m for part in get_args(annotation) if (m := _model_in(part))), None)
