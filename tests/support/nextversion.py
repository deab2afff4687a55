"""Objects as an invented next version stores them: one more field everywhere, unknown reasons and values.

Walks our models beside their data, so a new model or field is covered without a line here.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from sluice_api.audit import AuditRecord
from sluice_api.contracts.envelope import Report
from sluice_api.contracts.manifests import Marker
from sluice_api.contracts.reports import RESULTS
from sluice_api.hashing import canonical_json, digest_of_bytes
from sluice_api.records import RECORDS, StageRecord

FIELD = {"inventedField": {"deep": [1, {"deeper": None}]}}
REASON = "invented_reason"
VALUE = "Invented"

Data = dict[str, Any]
Place = tuple[str | int, ...]


def with_fields(model: type[BaseModel], data: Any) -> Any:
    """One more field in every object that a model describes, and one more word in every line."""
    if isinstance(data, str):
        return f"{data} invented" if " " in data else data
    found = dict(data)
    for key, inner, part in _parts(model, data):
        found[key] = (
            [with_fields(inner, p) for p in part] if isinstance(part, list) else with_fields(inner, part)
        )
    return {**found, **json.loads(json.dumps(FIELD))}


def with_reasons(model: type[BaseModel], data: Data) -> Data:
    """Every reason is one that nobody knows."""
    found = dict(data)
    if isinstance(found.get("reason"), str):
        found["reason"] = REASON
    for key, inner, part in _parts(model, data):
        if isinstance(part, dict):
            found[key] = with_reasons(inner, part)
        elif isinstance(part, list):
            found[key] = [with_reasons(inner, p) if isinstance(p, dict) else p for p in part]
    return found


def values_of(model: type[BaseModel], data: Data, at: Place = ()) -> Iterator[Place]:
    """Where a value of a closed list is."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in data and isinstance(data[key], str) and _is_closed(field.annotation) and name != "record":
            yield (*at, key)
    for key, inner, part in _parts(model, data):
        if isinstance(part, dict):
            yield from values_of(inner, part, (*at, key))
        elif isinstance(part, list):
            for number, one in enumerate(part):
                if isinstance(one, dict):
                    yield from values_of(inner, one, (*at, key, number))


def with_value(data: Data, at: Place, value: str = VALUE) -> Data:
    """A value that nobody knows, there."""
    found = json.loads(json.dumps(data))
    *way, last = at
    holder = found
    for step in way:
        holder = holder[step]
    holder[last] = value
    return found


def next_records(stored: list[Data], change: Callable[[Data], Data] = lambda data: data) -> list[Data]:
    """Records of one cluster as the next version would have written them: its hashes cover what it added.

    `change` is what else it would have written in another way.
    """
    made = [with_fields(RECORDS[data["record"]], change(data)) for data in stored]
    pairs = zip(stored, made, strict=True)
    links = sorted((p for p in pairs if p[0]["record"] == "audit"), key=lambda p: int(p[0]["sequence"]))
    renamed: dict[str, str] = {}
    for before, link in links:
        if "previousHash" in link:
            link["previousHash"] = renamed[link["previousHash"]]
        renamed[AuditRecord.parse_open(before).hash] = next_hash(link)
    return [json.loads(_renamed(json.dumps(data), renamed)) for data in made]


def next_hash(link: Data) -> str:
    """Hash of a link by the rule that holds for every version: its canonical form, defaults left out."""
    return digest_of_bytes(archived(link))


def archived(link: Data) -> bytes:
    """The bytes that the next version archives."""
    known = AuditRecord.parse_open(without_invented(link))
    return canonical_json(_merged(json.loads(canonical_json(known)), link))


def _merged(known: Data, link: Data) -> Data:
    """The canonical form of what is known, with what was invented at each level."""
    found = dict(known)
    for key, part in link.items():
        if key == "inventedField":
            found[key] = part
        elif key in known and isinstance(part, dict):
            found[key] = _merged(known[key], part)
        elif key in known and isinstance(part, list):
            pairs = zip(known[key], part, strict=True)
            found[key] = [_merged(a, b) if isinstance(b, dict) else b for a, b in pairs]
    if "fold" in link and "fold" not in known:
        found["fold"] = {"inventedField": link["fold"]["inventedField"]}
    return found


def without_invented(data: Any) -> Any:
    """What was there before."""
    if isinstance(data, dict):
        return {k: without_invented(v) for k, v in data.items() if k != "inventedField"}
    return [without_invented(v) for v in data] if isinstance(data, list) else data


def _renamed(text: str, renamed: dict[str, str]) -> str:
    return re.sub(r"sha256:[0-9a-f]{64}", lambda m: renamed.get(m.group(), m.group()), text)


def _parts(model: type[BaseModel], data: Data) -> Iterator[tuple[str, type[BaseModel], Any]]:
    """Parts of an object that a model describes, plain data of other contracts included."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        inner = _plain(model, name, data) or _model_of(field.annotation)
        if inner is not None and data.get(key) is not None:
            yield key, inner, data[key]


def _plain(model: type[BaseModel], name: str, data: Data) -> type[BaseModel] | None:
    if (model, name) in ((StageRecord, "report"), (Report, "result")):
        return RESULTS.get(data["stage"])
    return Report if (model, name) == (Marker, "report") and data.get("report") else None


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is dict:
        return None
    return next((m for part in get_args(annotation) if (m := _model_of(part))), None)


def _is_closed(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return True
    return any(_is_closed(part) for part in get_args(annotation) if get_origin(annotation) is not dict)
