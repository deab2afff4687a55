"""What a pack's manifest says about it, beside its files: the only thing that later stages believe."""

from typing import Annotated, Literal

from pydantic import Field

from sluice_api.base import ApiModel, Digest, Name
from sluice_api.contracts.requests import PackRequest
from sluice_api.datasetpack import Label, Purpose, Rejection, RowCounts, Task
from sluice_trainer.data.build import Built
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
    """Rows read, broken ones included."""


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
    rejections: tuple[Rejection, ...] = ()
    sources: tuple[PackSource, ...]


def describe_pack(request: PackRequest, built: Built, sources: tuple[Fetched, ...]) -> PackDetails:
    """Details of a pack from its request, its counts and its sources."""
    classification = request.classification
    return PackDetails(
        purpose=request.purpose,
        task=request.task,
        scoring_mode=SCORING[request.task],
        labels=classification.labels if classification else (),
        instruction=classification.instruction if classification else None,
        splits=built.splits,
        rows=built.tally.counts,
        rejections=built.tally.rejections(),
        sources=tuple(
            PackSource(
                name=s.source.name,
                locator=s.source.locator,
                digest=f"sha256:{s.sha256}",
                rows=built.read_per_source[s.source.name],
            )
            for s in sources
        ),
    )
