"""Whether the API server would take an object's metadata: its name, its labels and its annotations. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sluice_api.base import Name
from sluice_operator import raw

Wrong = tuple[str, str, str]
"""Path, what was found, and a hint."""
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_PART = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_PREFIX = r"(?=.{1,253}/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/"
_KEY = re.compile(rf"(?:{_PREFIX})?{_PART}")
_LABEL = re.compile(rf"(?:{_PART})?")
_LABEL_HINT = "use at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"


def wrong_metadata(data: object) -> Iterator[Wrong]:
    """All that is wrong."""
    yield from _name(raw.text(data, "metadata", "name"))
    for field in ("labels", "annotations"):
        found = raw.mapping(data, "metadata").get(field)
        if isinstance(found, Mapping):
            for key, value in found.items():
                yield from _entry(field, str(key), value)
        elif found is not None:
            yield f"metadata.{field}", "must be a mapping of text to text", ""


def _name(name: str) -> Iterator[Wrong]:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        hint = "use at most 40 lower-case letters, digits and dashes, a letter first"
        yield "metadata.name", f"{name!r} is not a valid name", hint


def _entry(field: str, key: str, value: Any) -> Iterator[Wrong]:
    path = f"metadata.{field}[{key}]"
    if not _KEY.fullmatch(key):
        yield path, f"{key!r} is not a valid key", _LABEL_HINT
    if isinstance(value, bool):
        yield path, "must be text, and is a boolean", f'write it in quotes, such as "{str(value).lower()}"'
    elif not isinstance(value, str):
        yield path, "must be text", f'write it in quotes: "{value}"' if isinstance(value, int | float) else ""
    elif field == "labels" and not _LABEL.fullmatch(value):
        yield path, f"{value!r} is not a valid label", _LABEL_HINT
