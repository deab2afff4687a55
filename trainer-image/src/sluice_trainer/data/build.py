"""From fetched sources to the files of a pack: read, map, drop duplicates, split, write.

Rows stream through, so memory grows by a hash and a group per row and by nothing else. Whether the pack is
good enough is decided by `verdict`; where it goes, by the stage.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import Source
from sluice_api.decoding import tokens_at_most
from sluice_api.hashing import canonical_json
from sluice_trainer.data.against import Against
from sluice_trainer.data.contradictions import Contradictions
from sluice_trainer.data.counting import DUPLICATE, LineCounts, RejectedAt, Tally
from sluice_trainer.data.dealing import deal_rows
from sluice_trainer.data.ignored import IgnoredKeys
from sluice_trainer.data.mappers.label_to_classification import classification_prompt
from sluice_trainer.data.readers import read_source
from sluice_trainer.data.readers.record import NoRow, Record
from sluice_trainer.data.rejected import RejectedRow
from sluice_trainer.data.rows import Row, content_key, row_id, row_line
from sluice_trainer.data.shaping import Shaped, shape
from sluice_trainer.data.sources import Fetched
from sluice_trainer.data.splitting import SplitName
from sluice_trainer.data.vocabulary import freeze_labels

REJECTED_NAME = "rejected.jsonl"
"""File of a pack with source, line, code and detail of each rejected row; absent when there is none."""


@dataclass
class Built:
    """What came of the rows."""

    tally: Tally = field(default_factory=Tally)
    read_per_source: Counter[str] = field(default_factory=Counter)
    lines_per_source: dict[str, LineCounts] = field(default_factory=dict)
    ignored: IgnoredKeys = field(default_factory=IgnoredKeys)
    labels: tuple[str, ...] = ()
    """Labels of a classification, frozen."""
    labels_fault: str | None = None
    """Why the labels of the rows are unusable."""
    groups: list[str] = field(default_factory=list)
    """Group of each accepted row, in order."""
    splits: dict[SplitName, int] = field(default_factory=dict)
    """Rows per split that has any."""
    against: Against = field(default_factory=Against)
    """Evaluation packs, and what they share with the rows."""
    contradictions: Contradictions = field(default_factory=Contradictions)
    """Of an evaluation pack."""
    longest_answer: int = 0
    """Most tokens of the longest answer under any tokenizer."""


def build_pack(
    request: PackRequest,
    sources: Sequence[Fetched],
    folder: Path,
    scratch: Path,
    against: Against | None = None,
) -> Built:
    """Write `data/<split>.jsonl` of all accepted rows and `rejected.jsonl` below `folder`."""
    request, labels_fault = freeze_labels(request, _labels(request, sources))
    built = Built(
        labels_fault=labels_fault,
        labels=request.classification.labels if request.classification else (),
        against=against or Against(),
    )
    with ExitStack() as files:
        accepted = files.enter_context(scratch.open("wb"))
        rejected = files.enter_context((folder / REJECTED_NAME).open("wb"))
        builder = _Builder(request, built, accepted, rejected)
        for fetched in sources:
            for record in read_fetched(fetched, request):
                builder.take(record, fetched.source)
    if not built.tally.rejected:
        (folder / REJECTED_NAME).unlink()
    built.splits = deal_rows(request, built.groups, scratch, folder)
    scratch.unlink()
    return built


def read_fetched(fetched: Fetched, request: PackRequest) -> Iterator[Record]:
    """Records of a source. Columns are wanted by its mapper, its slices and the split."""
    return read_source(fetched.path, fetched.source, fetched.source.wanted_columns(request.split.group_by))


def _labels(request: PackRequest, sources: Sequence[Fetched]) -> Iterator[str]:
    """Labels of all rows that would be accepted."""
    for fetched in sources:
        for record in read_fetched(fetched, request):
            if not isinstance(record.value, NoRow):
                shaped = shape(record.value, fetched.source, request)
                if isinstance(shaped, Shaped) and shaped.example.label is not None:
                    yield shaped.example.label


class _Builder:
    """Takes records one by one: each row ends as accepted or as rejected."""

    def __init__(self, request: PackRequest, built: Built, accepted: BinaryIO, rejected: BinaryIO) -> None:
        self._request, self._built = request, built
        self._accepted, self._rejected = accepted, rejected
        self._seen: Counter[bytes] = Counter()
        self._preamble = classification_prompt(request.classification, "") if request.classification else ""

    def take(self, record: Record, source: Source) -> None:
        """Count the lines of a record, and its row, if it holds one."""
        lines = self._built.lines_per_source.setdefault(source.name, LineCounts())
        if isinstance(record.value, NoRow):
            if record.value is NoRow.HEADER:
                lines.header += record.lines
            else:
                lines.blank += record.lines
            return
        self._built.read_per_source[source.name] += 1
        shaped = shape(record.value, source, self._request)
        refused = shaped if isinstance(shaped, RejectedRow) else self._accept(shaped, record, source)
        if refused is None:
            lines.accepted += record.lines
        else:
            lines.rejected += record.lines
            self._reject(refused, record, source)

    def _accept(self, shaped: Shaped, record: Record, source: Source) -> RejectedRow | None:
        """Write the row, unless something about all rows so far speaks against it."""
        dropped = self._built.against.refuse(shaped.example.messages, self._preamble)
        if dropped is not None:
            return dropped
        key = content_key(shaped.example)
        repeat = self._seen[key]
        self._seen[key] += 1
        if repeat and self._request.cleaning.deduplicate:
            return RejectedRow(DUPLICATE, "an earlier row has the same content")
        row = Row(
            id=row_id(key, repeat),
            group=shaped.group or key.hex()[:20],
            messages=shaped.example.messages,
            label=shaped.example.label,
            source=source.name,
            line=record.line,
            slice=shaped.slice,
        )
        self._accepted.write(row_line(row))
        self._built.groups.append(row.group)
        self._built.longest_answer = max(self._built.longest_answer, tokens_at_most(row.answer))
        if self._request.purpose == "Evaluation":
            self._built.contradictions.add(row)
        self._built.ignored.add(shaped.example.ignored)
        self._built.tally.accepted += 1
        return None

    def _reject(self, row: RejectedRow, record: Record, source: Source) -> None:
        self._built.tally.reject(row.code, RejectedAt(source.name, record.line, row.detail))
        line: dict[str, Any] = {"source": source.name, "line": record.line, "code": row.code}
        self._rejected.write(canonical_json(line | ({"detail": row.detail} if row.detail else {})) + b"\n")
