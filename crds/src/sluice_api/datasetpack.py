"""DatasetPack: rows from somewhere, checked, cleaned, split, counted and frozen under a digest."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from sluice_api.base import ApiModel, Digest, FieldName, Hex64, Name, NameRef, Percent, Rule
from sluice_api.common import BoundedSpec, JobRef, KindStatus, UriDigest
from sluice_api.text import CONTROLS

KIND = "DatasetPack"
PLURAL = "datasetpacks"
SHORT = "dsp"

LOCATOR_PATTERN = (
    r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^?#\x00-\x20\x7f\\]{1,900}"
    r"|https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?/[^\x00-\x20\x7f\\]{0,700}"
    r"|configmap:[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/[-._a-zA-Z0-9]{1,253})$"
)
Locator = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=LOCATOR_PATTERN)]
MOST_LABELS = 1024
"""Most labels of a classification task."""
MOST_LABEL_LETTERS = 64
"""Most characters of a label."""
MOST_LETTERS_OF_LABELS = 32_768
"""Most characters of all labels together: a request travels as an annotation, which has 256 KiB."""
Label = Annotated[
    str, StringConstraints(min_length=1, max_length=MOST_LABEL_LETTERS, pattern=rf"^[^{CONTROLS}]+$")
]
RejectReason = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Mapper = Literal["ChatMessages", "LabelToClassification"]
Task = Literal["Chat", "Classification"]
Purpose = Literal["Train", "Evaluation"]
ContaminationAction = Literal["Report", "Drop", "Block"]
ColumnRole = Literal["text", "label", "messages"]
MAPPED_COLUMNS: dict[Mapper, tuple[ColumnRole, ...]] = {
    "ChatMessages": ("messages",),
    "LabelToClassification": ("text", "label"),
}
"""Columns that each mapper reads."""


class Fields(ApiModel):
    """Names of the columns that a mapper reads, where they differ from its own names."""

    text: FieldName | None = None
    """Column with the text to classify. Absent: text."""
    label: FieldName | None = None
    """Column with the label. Absent: label."""
    messages: FieldName | None = None
    """Column with the list of chat messages. Absent: messages."""
    slice: FieldName | None = None
    """Column that names the slice of a row, such as its language. Absent: rows have no slices."""


class Source(ApiModel):
    """One file of rows."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!self.locator.startsWith('https://') || has(self.sha256)",
            message="an https locator needs sha256, because the server may change the file",
            holds=lambda s: not s.locator.startswith("https://") or s.sha256 is not None,
            field="sha256",
        ),
    )

    name: Name
    """Name of the source, shown in counts and provenance."""
    locator: Locator
    """Where the rows are: `s3://bucket/key`, `https://host/path` or `configmap:name/key`."""
    format: Literal["JSONL", "CSV"] | None = None
    """Format of the file. Absent: told by the ending .jsonl or .csv."""
    sha256: Hex64 | None = None
    """sha256 that the file must have, as 64 hex digits."""
    mapper: Mapper
    """How a row becomes an example."""
    fields: Fields | None = None
    """Column names, where they differ from the mapper's own."""

    def column(self, role: ColumnRole) -> str:
        """Name of the column in that role: the one that was given, else the role's own name."""
        given = self.fields or Fields()
        return {"text": given.text, "label": given.label, "messages": given.messages}[role] or role

    @property
    def slice_column(self) -> str | None:
        """Name of the column of slices; None when rows have none."""
        return self.fields.slice if self.fields else None

    def wanted_columns(self, group_by: str | None) -> tuple[str, ...]:
        """Names of all columns that are read, each once."""
        named = (*(self.column(role) for role in MAPPED_COLUMNS[self.mapper]), self.slice_column, group_by)
        return tuple(dict.fromkeys(name for name in named if name is not None))


class Classification(ApiModel):
    """What a classification task needs to know."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.labelsFrom) ? self.labels.size() == 0 : self.labels.size() > 1",
            message="give two labels or more, or labelsFrom: Rows without labels",
            holds=lambda c: len(c.labels) > 1 if c.labels_from is None else not c.labels,
            field="labels",
        ),
        Rule(
            cel=f"self.labels.map(l, size(l)).sum() <= {MOST_LETTERS_OF_LABELS}",
            message=f"all labels together may have {MOST_LETTERS_OF_LABELS} characters; give shorter ones",
            holds=lambda c: sum(map(len, c.labels)) <= MOST_LETTERS_OF_LABELS,
            field="labels",
        ),
    )

    labels: Annotated[tuple[Label, ...], Field(max_length=MOST_LABELS)] = ()
    """Allowed labels, at least two. A row with another label is rejected as `label_not_allowed`."""
    labels_from: Literal["Rows"] | None = None
    """Rows: the labels are all that occur in the rows, in alphabetical order, and the pack's manifest freezes
    them. Absent: they are those of `labels`."""
    instruction: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    """What the model is told before the text. `{labels}` stands for the list of labels, which may be left
    out, for example where there are hundreds."""


class Cleaning(ApiModel):
    """What is done to accepted rows."""

    deduplicate: bool = True
    """Drop all but the first of rows with equal content."""


class Split(ApiModel):
    """How a training pack is split. Evaluation packs are never split."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.validationPercent + self.testPercent <= 90",
            message="validationPercent and testPercent together must leave 10 percent to train on",
            holds=lambda s: s.validation_percent + s.test_percent <= 90,
            field="validationPercent",
        ),
    )

    validation_percent: Percent = 5
    """Share of the groups that goes to the validation split."""
    test_percent: Percent = 0
    """Share of the groups that goes to the test split."""
    group_by: FieldName | None = None
    """Column whose equal values never land in two splits. Absent: each row is its own group."""
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] = 42
    """Seed of the split."""


class PackValidation(ApiModel):
    """When a pack is refused."""

    min_rows: Annotated[int, Field(ge=1, le=1_000_000_000)] = 1
    """Fewest accepted rows."""
    max_rejected_percent: Percent = 10
    """Largest share of rejected rows. Rows that were dropped as duplicates or for contamination do not
    count."""


class ContaminationAgainst(ApiModel):
    """An evaluation pack that the rows are compared with."""

    dataset_ref: NameRef
    """A pack with purpose Evaluation."""
    action: ContaminationAction
    """What happens to rows whose prompt stands in that pack, exactly or nearly. Drop: they are left out.
    Block: the pack is refused. Report: they are counted."""


class DatasetPackSpec(BoundedSpec):
    """What the pack is made of. Immutable, but for suspend, TTL and deadline."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="(self.task == 'Classification') == has(self.classification)",
            message="classification must be given when task is Classification, and only then",
            holds=lambda s: (s.task == "Classification") == (s.classification is not None),
            field="classification",
        ),
        Rule(
            cel="self.task == 'Classification' || self.sources.all(s, s.mapper != 'LabelToClassification')",
            message="mapper LabelToClassification needs task Classification",
            holds=lambda s: (
                s.task == "Classification" or all(x.mapper != "LabelToClassification" for x in s.sources)
            ),
            field="task",
        ),
        Rule(
            cel="self.purpose == 'Train' || self.contaminationAgainst.size() == 0",
            message="contaminationAgainst is for packs of purpose Train; take it out of this one",
            holds=lambda s: s.purpose == "Train" or not s.contamination_against,
            field="contaminationAgainst",
        ),
        Rule(
            cel=(
                "self.contaminationAgainst.all(a, "
                "self.contaminationAgainst.exists_one(b, b.datasetRef.name == a.datasetRef.name))"
            ),
            message="contaminationAgainst names a pack twice; give each pack once",
            holds=lambda s: (
                len({a.dataset_ref.name for a in s.contamination_against}) == len(s.contamination_against)
            ),
            field="contaminationAgainst",
        ),
    )

    sources: Annotated[
        tuple[Source, ...],
        Field(min_length=1, max_length=16, json_schema_extra={"listMapKey": "name"}),
    ]
    """Where the rows come from."""
    purpose: Purpose = "Train"
    """Train packs are split and trained on; Evaluation packs are suites of a gate."""
    task: Task = "Chat"
    """What the rows ask of a model; it decides the metrics that a suite yields."""
    classification: Classification | None = None
    """Labels and instruction of a classification task."""
    cleaning: Cleaning = Cleaning()
    """What is done to accepted rows."""
    split: Split = Split()
    """How a training pack is split."""
    validation: PackValidation = PackValidation()
    """When the pack is refused."""
    contamination_against: Annotated[tuple[ContaminationAgainst, ...], Field(max_length=8)] = ()
    """Evaluation packs whose prompts the rows must not train. The pack waits for them."""


Count = Annotated[int, Field(ge=0, le=9_999_999_999)]


class RowCounts(ApiModel):
    """Every row that was read is either accepted or rejected."""

    read: Count
    """Rows read, broken lines included."""
    accepted: Count
    """Rows in the pack."""
    rejected: Count
    """Rows left out, by reasons below."""


class Rejection(ApiModel):
    """How many rows were left out for one reason."""

    reason: RejectReason
    """snake_case reject code."""
    count: Annotated[int, Field(ge=1, le=9_999_999_999)]
    """Number of rows."""
    lines: Annotated[str, StringConstraints(max_length=48, pattern=r"^[-a-z0-9:, ]+$")] | None = None
    """Where the first of them are, as `source:line,line`. The file rejected.jsonl in the store has all."""


class IgnoredKey(ApiModel):
    """A key of the sources' rows that nothing was taken from."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=24, pattern=rf"^[^{CONTROLS}]+$")]
    """The key, cut to 24 characters; `messages[].id` is a key of a turn."""
    rows: Annotated[int, Field(ge=1, le=9_999_999_999)]
    """Accepted rows that have it."""


class PackContamination(ApiModel):
    """Rows whose prompt stands in one evaluation pack."""

    dataset: Name
    """Name of that pack."""
    action: ContaminationAction
    """What happened to the rows."""
    exact: Count
    """Rows whose prompt stands there as it is."""
    near: Count
    """Rows whose prompt stands there in another spelling."""


class ContradictionCount(ApiModel):
    """Rows of an evaluation pack that no model can have right: equal prompts have different answers."""

    rows: Count
    """Rows that are wrong when each prompt gets its most frequent answer."""
    in_any_form: Count
    """Those of them whose answers differ in more than case, punctuation and other writing."""
    lines: Annotated[str, StringConstraints(max_length=48, pattern=r"^[-a-z0-9:, ]+$")] | None = None
    """Where the first of them are, as `source:line,line`. The manifest names ten and the earlier rows."""


class SplitCount(ApiModel):
    """Rows of one split."""

    name: Literal["train", "validation", "test", "eval"]
    """train, validation, test or eval."""
    rows: Count
    """Number of rows."""


class ResolvedSource(ApiModel):
    """What a source turned out to be."""

    name: Name
    """Name of the source."""
    digest: Digest
    """sha256 of the bytes that were read."""


class DatasetPackStatus(KindStatus):
    """What the pack became."""

    digest: Digest | None = None
    """Digest of the pack: of its manifest's canonical form."""
    manifest: UriDigest | None = None
    """Where the manifest is."""
    rows: RowCounts | None = None
    """Counts of rows."""
    rejections: Annotated[tuple[Rejection, ...], Field(max_length=20)] = ()
    """Rejected rows by reason."""
    ignored_keys: Annotated[tuple[IgnoredKey, ...], Field(max_length=20)] = ()
    """The most frequent keys of rows that nothing was taken from. The manifest has all."""
    contamination: Annotated[tuple[PackContamination, ...], Field(max_length=8)] = ()
    """Rows that are shared with evaluation packs."""
    labels: Annotated[int, Field(ge=0, le=MOST_LABELS)] | None = None
    """Number of labels of a classification task."""
    contradictions: ContradictionCount | None = None
    """Rows of an evaluation pack that no model can have right; absent when there are none."""
    splits: Annotated[tuple[SplitCount, ...], Field(max_length=4)] = ()
    """Rows by split."""
    resolved: Annotated[tuple[ResolvedSource, ...], Field(max_length=16)] = ()
    """Digests of the sources as they were read."""
    job: JobRef | None = None
    """The stage that is at work."""
