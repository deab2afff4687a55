"""Deployment (modeldeployments.sluice.dev): the live endpoint, fed only by what its gate passed."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from sluice_api.base import ApiModel, Decimal, Digest, Message, NameRef, Rule, Seconds, Timestamp
from sluice_api.common import KindSpec, KindStatus, Profile

KIND = "Deployment"
PLURAL = "modeldeployments"
SINGULAR = "modeldeployment"
SHORT = "mdep"

Argument = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.,:/=@-]+$")]
SlotName = Annotated[str, StringConstraints(max_length=63)]
Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
DriftAction = Literal["Alert", "HoldPromotions", "Rollback"]
TimeZone = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$"
    ),
]
LabelValue = Annotated[str, StringConstraints(max_length=63)]
AnnotationValue = Annotated[str, StringConstraints(max_length=65_536)]


ArgumentName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9-]*$")]


class EngineArgument(ApiModel):
    """One vLLM argument that the serving profile allows."""

    name: ArgumentName
    """Name without the leading dashes, such as `max-num-seqs`."""
    value: Argument | None = None
    """Value; absent for a switch."""


class Serving(ApiModel):
    """How the model is served."""

    profile: Profile = "default"
    """Name of a serving profile that the administrator offers to this namespace."""
    max_model_length: Annotated[int, Field(ge=16, le=1_048_576)] | None = None
    """Longest context that is served. Absent: the model's own."""
    arguments: Annotated[
        tuple[EngineArgument, ...], Field(max_length=16, json_schema_extra={"listMapKey": "name"})
    ] = ()
    """Further vLLM arguments, from the profile's allow-list."""


class Window(ApiModel):
    """A time in which new models may go live."""

    days: Annotated[tuple[Day, ...], Field(max_length=7)] | None = None
    """Days on which it opens. Absent: every day."""
    start: Annotated[str, StringConstraints(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    """Time of day at which it opens, as `HH:MM`."""
    duration_seconds: Annotated[int, Field(ge=60, le=604_800)]
    """How long it stays open."""
    time_zone: TimeZone | None = None
    """Name in the IANA time zone database, such as `Europe/Berlin`. Absent: UTC."""


class Promotion(ApiModel):
    """When a model that passed goes live."""

    policy: Literal["Automatic", "Manual"] = "Automatic"
    """Manual: only a promote request or a pin changes what is live."""
    pin: Digest | None = None
    """Serve exactly this digest, while it has the right to."""
    soak_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    """How long a candidate must have been available before it takes traffic. Going back never waits."""
    windows: Annotated[tuple[Window, ...], Field(max_length=16)] = ()
    """When promotions may happen by themselves. Empty: always. People and going back are not held."""


class Drift(ApiModel):
    """The gate's suites, asked of what is live, on a timer."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="double(self.tolerance) >= 0.0 && double(self.tolerance) <= 1.0",
            message="tolerance must be from 0 to 1, because every metric is a share",
            holds=lambda d: 0 <= float(d.tolerance) <= 1,
            field="tolerance",
        ),
    )

    every_seconds: Annotated[int, Field(ge=30, le=2_592_000)] = 3600
    """Time from one check to the next."""
    tolerance: Decimal = "0.05"
    """How much worse than at promotion is not yet drift."""
    failures_to_act: Annotated[int, Field(ge=1, le=10)] = 2
    """Bad checks in a row before anything is done."""
    actions: Annotated[tuple[DriftAction, ...], Field(min_length=1, max_length=3)] = ("Alert",)
    """What is done then: Alert (condition, Event, metric), HoldPromotions, Rollback."""


class Rollback(ApiModel):
    """How traffic goes back."""

    automatic: bool = True
    """Switch back to the previous slot when the live one is unhealthy for its deadline."""
    keep_previous_seconds: Seconds = 3600
    """How long the previous slot is kept warm after a switch."""
    drain_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    """After going back, the slot that was left keeps its open connections for this long."""


class IgnoredSelector(ApiModel):
    """Ignored: kustomize adds it to every kind that is named Deployment."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=64)] = {}
    """Ignored."""


class IgnoredMetadata(ApiModel):
    """Ignored: kustomize adds it."""

    labels: Annotated[dict[str, LabelValue], Field(max_length=64)] = {}
    """Ignored."""
    annotations: Annotated[dict[str, AnnotationValue], Field(max_length=64)] = {}
    """Ignored."""


class IgnoredTemplate(ApiModel):
    """Ignored: kustomize adds it to every kind that is named Deployment."""

    metadata: IgnoredMetadata | None = None
    """Ignored."""


class DeploymentSpec(KindSpec):
    """The endpoint. It may be edited; a live slot is never changed in place."""

    gate_ref: NameRef
    """The gate that decides what may go live."""
    serving: Serving = Serving()
    """How the model is served."""
    replicas: Annotated[int, Field(ge=1, le=64)] = 1
    """Pods per slot."""
    strategy: Literal["BlueGreen"] = "BlueGreen"
    """The candidate gets a slot of its own; traffic moves when it is verified."""
    progress_deadline_seconds: Annotated[int, Field(ge=30, le=86_400)] = 1200
    """A candidate slot that is not available after this time is rejected."""
    health_deadline_seconds: Annotated[int, Field(ge=5, le=3600)] = 30
    """A live slot that is unavailable for this long counts as unhealthy."""
    promotion: Promotion = Promotion()
    """When a model that passed goes live."""
    rollback: Rollback = Rollback()
    """How traffic goes back."""
    drift: Drift | None = None
    """How what is live is watched. Absent: it is not."""
    revision_history_limit: Annotated[int, Field(ge=2, le=50)] = 10
    """Revision records to keep."""
    paused: bool = False
    """Promote nothing new; repair and rollback go on."""
    deletion_protection: bool = False
    """Refuse to delete this object, and with it what serves."""
    selector: IgnoredSelector | None = None
    """Ignored: kustomize adds it to every kind that is named Deployment."""
    template: IgnoredTemplate | None = None
    """Ignored: kustomize adds it to every kind that is named Deployment."""


class RevisionRef(ApiModel):
    """A revision in one of its roles."""

    revision: Annotated[int, Field(ge=1)]
    """Number of the revision."""
    slot: SlotName
    """Name of its slot."""
    digest: Digest
    """Digest of the artifact."""
    run_ref: NameRef
    """Run that made the artifact."""
    gate_ref: NameRef
    """Gate that passed it."""
    since: Timestamp
    """Since when it has this role."""


class HistoryEntry(ApiModel):
    """One finished transition of traffic."""

    transition: Annotated[int, Field(ge=1)]
    """Number of the audit record that announced it."""
    revision: Annotated[int, Field(ge=1)]
    """Revision that traffic went to."""
    digest: Digest
    """Its digest."""
    cause: Annotated[str, StringConstraints(max_length=32)]
    """automatic, health, repair, ..."""
    time: Timestamp
    """When traffic had moved."""


class AuditHead(ApiModel):
    """Where the audit chain stands."""

    sequence: Annotated[int, Field(ge=1)]
    """Number of the newest record."""
    head_hash: Digest
    """Hash of the newest record."""
    archived_sequence: Annotated[int, Field(ge=0)] = 0
    """Number of the newest record that is archived in the store."""


class DriftStatus(ApiModel):
    """What the newest drift check found."""

    last_check_time: Timestamp
    """When it ended."""
    verdict: Literal["Good", "Bad", "Unknown"]
    """Unknown neither counts nor resets."""
    score: Decimal | None = None
    """The metric that decided, now."""
    baseline: Decimal | None = None
    """The same metric when the model was promoted."""
    consecutive_failures: Annotated[int, Field(ge=0)] = 0
    """Bad checks in a row."""


class Refused(ApiModel):
    """What was rolled back and does not come back by itself."""

    digest: Digest
    """Digest of the artifact."""
    revision: Annotated[int, Field(ge=1)] | None = None
    """Only this revision; absent: the digest in any."""


class Hold(ApiModel):
    """Something that keeps the newest passing model from going live."""

    reason: Annotated[str, StringConstraints(max_length=64)]
    """CamelCase reason."""
    message: Message
    """One sentence for people."""


class SlotReplicas(ApiModel):
    """Pods of the live slot."""

    desired: Annotated[int, Field(ge=0)] = 0
    """Wanted."""
    available: Annotated[int, Field(ge=0)] = 0
    """Available."""


class Rejected(ApiModel):
    """A digest that was tried and did not go live."""

    digest: Digest
    """Digest of the artifact."""
    reason: Annotated[str, StringConstraints(max_length=64)]
    """CamelCase reason."""
    message: Message
    """One sentence for people."""


class DeploymentStatus(KindStatus):
    """What is live, what is on its way and what was before."""

    active: RevisionRef | None = None
    """What traffic goes to."""
    candidate: RevisionRef | None = None
    """What is on its way."""
    previous: RevisionRef | None = None
    """What traffic went to before, while its slot is kept."""
    history: Annotated[tuple[HistoryEntry, ...], Field(max_length=20)] = ()
    """Finished transitions, newest first."""
    rejected: Annotated[tuple[Rejected, ...], Field(max_length=10)] = ()
    """Digests that were tried and did not go live."""
    refused: Annotated[tuple[Refused, ...], Field(max_length=20)] = ()
    """What was rolled back, newest first."""
    holds: Annotated[tuple[Hold, ...], Field(max_length=8)] = ()
    """What keeps the newest passing model from going live."""
    drift: DriftStatus | None = None
    """What the newest drift check found."""
    url: Annotated[str, StringConstraints(max_length=256)] | None = None
    """OpenAI-shaped endpoint inside the cluster."""
    replicas: SlotReplicas = SlotReplicas()
    """Pods of the live slot."""
    audit: AuditHead | None = None
    """Where the audit chain stands."""
