"""What a pack's manifest says about it, beside its files: the only thing that later stages believe."""

from typing import Annotated, Literal

from pydantic import Field

from sluice_api.base import ApiModel, Digest, Name
from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import Label, PackContamination, Purpose, RejectReason, RowCounts, Task
from sluice_trainer.data.build import Built
from sluice_trainer.data.counting import LineCounts, Tally
from sluice_trainer.data.sources import Fetched
from sluice_trainer.data.splitting import SplitName

ScoringMode = Literal["Label", "Text"]
SCORING: dict[Task, ScoringMode] = {"Classification": "Label", "Chat": "Text"}
"""How an answer is scored: against a label of the task, or as text against the reference."""


class PackSource(ApiModel):
    """A source as it was read."""

    name: Name
    locator: str
    digest: Digest
    """sha256 of its bytes."""
    rows: Annotated[int, Field(ge=0)]
    """Rows read, rejected ones included."""
    lines: Annotated[int, Field(ge=0)] = 0
    """Physical lines of the file, each of them in one row, blank, or part of a CSV header."""
    blank_lines: Annotated[int, Field(ge=0)] = 0


class FirstRejected(ApiModel):
    """One of the first rejected rows of a code."""

    source: Name
    line: Annotated[int, Field(ge=1)]
    detail: str = ""


class PackRejection(ApiModel):
    """Rejected rows of one code."""

    reason: RejectReason
    count: Annotated[int, Field(ge=1)]
    first: tuple[FirstRejected, ...] = ()
    """The first ten; `rejected.jsonl` next to the manifest has all."""


class PackContradiction(ApiModel):
    """A row, and an earlier one with the same prompt and another answer."""

    source: Name
    line: Annotated[int, Field(ge=1)]
    earlier_source: Name
    earlier_line: Annotated[int, Field(ge=1)]


class PackContradictions(ApiModel):
    """Rows of an evaluation pack that no model can have right."""

    rows: Annotated[int, Field(ge=1)]
    in_any_form: Annotated[int, Field(ge=0)]
    """Those of them whose answers differ in more than writing."""
    first: tuple[PackContradiction, ...]


class PackDetails(ApiModel):
    """Details of a pack's manifest."""

    purpose: Purpose
    task: Task
    scoring_mode: ScoringMode
    labels: tuple[Label, ...] = ()
    instruction: str | None = None
    splits: dict[SplitName, Annotated[int, Field(ge=1)]]
    """Rows per split."""
    rows: RowCounts
    rejections: tuple[PackRejection, ...] = ()
    ignored_keys: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Keys of accepted rows that nothing was taken from, and how many rows have each."""
    contradictions: PackContradictions | None = None
    """Of an evaluation pack: equal prompts with different answers."""
    sources: tuple[PackSource, ...]
    contamination: tuple[PackContamination, ...] = ()
    """Rows that were compared with evaluation packs."""


def describe_pack(request: PackRequest, built: Built, sources: tuple[Fetched, ...]) -> PackDetails:
    """Details of a pack from its request, its counts and its sources."""
    classification = request.classification
    return PackDetails(
        purpose=request.purpose,
        task=request.task,
        scoring_mode=SCORING[request.task],
        labels=built.labels,
        instruction=classification.instruction if classification else None,
        splits=built.splits,
        rows=built.tally.counts,
        rejections=describe_rejections(built.tally),
        ignored_keys=built.ignored.ranked(),
        contradictions=_contradictions(built),
        sources=tuple(_source(fetched, built) for fetched in sources),
        contamination=tuple(
            PackContamination(dataset=name, action=found.action, exact=found.exact, near=found.near)
            for name, found in built.against.packs.items()
        ),
    )


def _contradictions(built: Built) -> PackContradictions | None:
    count = built.contradictions.count()
    if count is None:
        return None
    first = tuple(PackContradiction(**vars(found)) for found in built.contradictions.first)
    return PackContradictions(rows=count.rows, in_any_form=count.in_any_form, first=first)


def describe_rejections(tally: Tally) -> tuple[PackRejection, ...]:
    """Rejected rows by code with the first rows of each."""
    return tuple(
        PackRejection(
            reason=code,
            count=count,
            first=tuple(FirstRejected(**vars(row)) for row in tally.first.get(code, ())),
        )
        for code, count in tally.ranked()
    )


def _source(fetched: Fetched, built: Built) -> PackSource:
    name = fetched.source.name
    lines = built.lines_per_source.get(name, LineCounts())
    return PackSource(
        name=name,
        locator=fetched.source.locator,
        digest=f"sha256:{fetched.sha256}",
        rows=built.read_per_source[name],
        lines=lines.total,
        blank_lines=lines.blank,
    )
