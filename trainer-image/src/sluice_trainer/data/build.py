"""From fetched sources to the files of a pack: read, map, drop duplicates, split, write.

Rows stream through, so memory grows by a hash and a group per row and by nothing else. Whether the pack is
good enough is decided by `verdict`; where it goes, by the stage.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import Source
from sluice_api.decoding import tokens_at_most
from sluice_trainer.data.counting import DUPLICATE, Tally
from sluice_trainer.data.mappers import MAPPERS
from sluice_trainer.data.mappers.example import Example, Rejected
from sluice_trainer.data.readers import reader_for
from sluice_trainer.data.readers.record import Broken, Record
from sluice_trainer.data.rows import Row, content_key, row_id, row_line, split_path
from sluice_trainer.data.sources import Fetched
from sluice_trainer.data.splitting import EVAL, TRAIN, SplitName, split_groups

PARSE_ERROR = Rejected("parse_error")
ROW_NOT_OBJECT = Rejected("row_not_object")
MISSING_GROUP = Rejected("missing_group")


@dataclass
class Built:
    """What came of the rows."""

    tally: Tally = field(default_factory=Tally)
    read_per_source: Counter[str] = field(default_factory=Counter)
    groups: list[str] = field(default_factory=list)
    """Group of each accepted row, in order."""
    splits: dict[SplitName, int] = field(default_factory=dict)
    """Rows per split that has any."""
    longest_answer: int = 0
    """Most tokens of the longest answer under any tokenizer."""


@dataclass
class _Repeats:
    """Content that was seen, and how often."""

    drop: bool
    seen: Counter[bytes] = field(default_factory=Counter)


def build_pack(request: PackRequest, sources: Iterable[Fetched], folder: Path, scratch: Path) -> Built:
    """Write `data/<split>.jsonl` of all accepted rows below `folder`."""
    built = Built()
    repeats = _Repeats(drop=request.cleaning.deduplicate)
    with scratch.open("wb") as accepted:
        for fetched in sources:
            for record in reader_for(fetched.source)(fetched.path):
                built.read_per_source[fetched.source.name] += 1
                _take(record, fetched.source, request, repeats, built, accepted)
    built.splits = _write_splits(request, built.groups, folder, scratch)
    return built


def _take(
    record: Record | Broken,
    source: Source,
    request: PackRequest,
    repeats: _Repeats,
    built: Built,
    accepted: BinaryIO,
) -> None:
    example = _map(record, source, request)
    if isinstance(example, Rejected):
        built.tally.reject(example.code)
        return
    key = content_key(example)
    repeat = repeats.seen[key]
    repeats.seen[key] += 1
    if repeat and repeats.drop:
        built.tally.reject(DUPLICATE)
        return
    group = _group(record, request) or key.hex()[:20]
    row = Row(
        id=row_id(key, repeat),
        group=group,
        messages=example.messages,
        label=example.label,
        source=source.name,
        line=record.line,
        slice=_text(record, source.fields.slice if source.fields else None) or None,
    )
    accepted.write(row_line(row))
    built.groups.append(group)
    built.longest_answer = max(built.longest_answer, tokens_at_most(row.answer))
    built.tally.accepted += 1


def _map(record: Record | Broken, source: Source, request: PackRequest) -> Example | Rejected:
    if isinstance(record, Broken):
        return PARSE_ERROR
    if not isinstance(record.value, dict):
        return ROW_NOT_OBJECT
    if request.split.group_by is not None and not _group(record, request):
        return MISSING_GROUP
    return MAPPERS[source.mapper](record.value, source, request.classification)


def _group(record: Record | Broken, request: PackRequest) -> str:
    """Value of the group column."""
    return _text(record, request.split.group_by)


def _text(record: Record | Broken, column: str | None) -> str:
    """Value of a column as text; empty when there is none."""
    if column is None or isinstance(record, Broken):
        return ""
    value: Any = record.value.get(column)
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _write_splits(
    request: PackRequest, groups: list[str], folder: Path, scratch: Path
) -> dict[SplitName, int]:
    """Deal the accepted rows out to the files of their splits."""
    names = _split_names(request, groups)
    rows: Counter[SplitName] = Counter()
    files: dict[SplitName, BinaryIO] = {}
    try:
        with scratch.open("rb") as accepted:
            for line, name in zip(accepted, names, strict=True):
                if name not in files:
                    split_path(folder, name).parent.mkdir(parents=True, exist_ok=True)
                    files[name] = split_path(folder, name).open("wb")
                files[name].write(line)
                rows[name] += 1
    finally:
        for file in files.values():
            file.close()
    scratch.unlink()
    return dict(rows)


def _split_names(request: PackRequest, groups: list[str]) -> Iterator[SplitName]:
    if request.purpose == "Evaluation":
        return (EVAL for _ in groups)
    held_out = split_groups(set(groups), request.split)
    return (held_out.get(group, TRAIN) for group in groups)
