"""From a record to an example: the mapper, and the columns that belong to no mapper."""

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import Source
from sluice_api.text import has_controls
from sluice_trainer.data.mappers import MAPPERS
from sluice_trainer.data.mappers.example import Example
from sluice_trainer.data.rejected import RejectedRow, found
from sluice_trainer.text import exact_form

_MOST_LETTERS: Final = 256
"""Most characters of the name of a slice."""


@dataclass(frozen=True)
class Shaped:
    """An example with what its row says about it."""

    example: Example
    group: str
    """Value of the group column; empty when there is none."""
    slice: str | None


def shape(value: Any, source: Source, request: PackRequest) -> Shaped | RejectedRow:
    """What a record's value becomes."""
    if isinstance(value, RejectedRow):
        return value
    if not isinstance(value, dict):
        return RejectedRow("row_not_object", f"the row is {found(value)}, wanted an object with keys")
    group_by = request.split.group_by
    group, slice_ = _text(value, group_by), _text(value, source.slice_column)
    if group_by is not None and not group:
        return RejectedRow("missing_group", f"no value of {found(group_by)}, which split.groupBy asks for")
    if (fault := _slice_fault(slice_)) is not None:
        return RejectedRow("invalid_slice", f"the slice {found(slice_)} {fault}")
    example = MAPPERS[source.mapper](value, source, request.classification)
    if isinstance(example, RejectedRow):
        return example
    ignored = tuple(key for key in example.ignored if key not in (group_by, source.slice_column))
    return Shaped(replace(example, ignored=ignored), group, slice_ or None)


def _slice_fault(name: str) -> str | None:
    if has_controls(name):
        return "holds a control character"
    if len(name) <= _MOST_LETTERS:
        return None
    return f"has {len(name)} characters, at most {_MOST_LETTERS} are allowed; is it the right column?"


def _text(row: dict[str, Any], column: str | None) -> str:
    """Value of a column as text, in one Unicode composition; empty when there is none."""
    value = row.get(column) if column is not None else None
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return exact_form(text)
