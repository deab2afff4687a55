"""Spec and status parts that every kind shares."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from sluice_api.base import ApiModel, Digest, Message, Name, Seconds, Timestamp
from sluice_api.conditions import Condition

Profile = Annotated[
    str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class KindSpec(ApiModel):
    """What every spec has."""

    MUTABLE: ClassVar[frozenset[str] | None] = None
    """Fields that may change after creation; None means that all may."""

    profile: Profile = "default"
    """Name of a compute profile that the administrator offers to this namespace."""
    suspend: bool = False
    """Stop starting anything new for this object. What serves goes on serving."""


class BoundedSpec(KindSpec):
    """A spec whose work ends: packs and runs."""

    MUTABLE: ClassVar[frozenset[str] | None] = frozenset(
        {"suspend", "ttlSecondsAfterFinished", "activeDeadlineSeconds"}
    )

    ttl_seconds_after_finished: Seconds = 86_400
    """How long finished Jobs and their Pods are kept. The object itself is never deleted."""
    active_deadline_seconds: Annotated[int, Field(ge=60, le=31_536_000)] = 86_400
    """Longest running time over all attempts, in seconds."""


class UriDigest(ApiModel):
    """Something stored: where it is and what it must hash to."""

    uri: Uri
    """Where it is."""
    digest: Digest
    """What it must hash to."""


class Failure(ApiModel):
    """The last failure, for people and scripts."""

    reason: Annotated[str, StringConstraints(max_length=64)]
    """CamelCase reason from the list of reasons."""
    failure_class: Literal[
        "UserError",
        "DataError",
        "Dependency",
        "OutOfMemory",
        "Preempted",
        "DeadlineExceeded",
        "Bug",
    ] = Field(alias="class")
    """Who has to act: see the reference of reasons."""
    exit_code: int | None = None
    """Exit code of the container, if one ran."""
    pod: Annotated[str, StringConstraints(max_length=253)] | None = None
    """Pod that failed."""
    message: Message
    """What happened and what to do."""
    evidence: UriDigest | None = None
    """Folder in the store with what was found before it failed."""
    time: Timestamp
    """When it failed."""


class KindStatus(ApiModel):
    """What every status has."""

    observed_generation: int | None = None
    """Generation of the spec that this status speaks of."""
    phase: Annotated[str, StringConstraints(max_length=64)] | None = None
    """A word for people, computed from the conditions. Never read it in a script."""
    conditions: Annotated[
        tuple[Condition, ...], Field(max_length=16, json_schema_extra={"listMapKey": "type"})
    ] = ()
    """What holds now. Wait for these."""
    failure: Failure | None = None
    """The last failure, while it matters."""


class JobRef(ApiModel):
    """The stage that is at work."""

    stage: Name
    """Stage: pack, prepare, train, package, evaluate, judge or verify."""
    job: Annotated[str, StringConstraints(max_length=63)]
    """Name of its Job."""
    attempt: Annotated[int, Field(ge=1)]
    """Number of the attempt, from 1."""
