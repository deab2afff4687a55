"""Whether the API server would take an object's metadata: its fields, names, labels and annotations. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sluice_api.base import Name
from sluice_operator import raw
from sluice_plugin.plan.guess import guess

Wrong = tuple[str, str, str]
"""Path, what was found, and a hint."""
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_PART = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_PREFIX = r"(?=.{1,253}/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/"
_KEY = re.compile(rf"(?:{_PREFIX})?{_PART}")
_LABEL = re.compile(rf"(?:{_PART})?")
_SPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
NAMESPACE_HINT = "use at most 63 lower-case letters, digits and dashes"
_MOST_ANNOTATIONS = 256 * 1024
_FIELDS = (
    *("name", "namespace", "labels", "annotations", "finalizers", "generateName", "ownerReferences"),
    # What `kubectl get -o yaml` writes of a live object.
    *("uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields"),
    *("deletionTimestamp", "deletionGracePeriodSeconds"),
)
_LABEL_HINT = "use at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"


def wrong_metadata(data: object) -> Iterator[Wrong]:
    """All that is wrong."""
    metadata = raw.mapping(data, "metadata")
    yield from _fields(metadata)
    yield from _name(metadata.get("name"))
    yield from _namespace(metadata.get("namespace"))
    for field in ("labels", "annotations"):
        found = metadata.get(field)
        if isinstance(found, Mapping):
            for key, value in found.items():
                yield from _entry(field, str(key), value)
        elif found is not None:
            yield f"metadata.{field}", "must be a mapping of text to text", ""


def _fields(metadata: Mapping[str, Any]) -> Iterator[Wrong]:
    for field in metadata:
        if field not in _FIELDS:
            yield f"metadata.{field}", "there is no such field", guess(str(field), _FIELDS[:5])
    if metadata.get("generateName"):
        yield "metadata.generateName", "cannot be applied", "give metadata.name"
    size = sum(len(f"{k}{v}".encode()) for k, v in raw.strings(metadata, "annotations").items())
    if size > _MOST_ANNOTATIONS:
        yield "metadata.annotations", f"they hold {size} bytes", f"hold at most {_MOST_ANNOTATIONS}"


def is_namespace(name: object) -> bool:
    """Whether a namespace may have the name."""
    return isinstance(name, str) and _SPACE.fullmatch(name) is not None


def _namespace(name: object) -> Iterator[Wrong]:
    if name is not None and name != "" and not is_namespace(name):
        hint = NAMESPACE_HINT if isinstance(name, str) else f"{NAMESPACE_HINT}, and quotes around it"
        yield "metadata.namespace", f"{json.dumps(name, default=str)} is not a valid namespace", hint


def _name(name: object) -> Iterator[Wrong]:
    if name is None or name == "":
        yield "metadata.name", "must be given", ""
        return
    if not isinstance(name, str):
        found = f"{json.dumps(name, default=str)} is not text"
        yield "metadata.name", found, "write it in quotes, a letter first"
        return
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
