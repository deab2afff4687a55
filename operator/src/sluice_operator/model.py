"""Plain, frozen values between observing, planning and acting.

Views hold what planners need of an object and no more; a Plan says what should be, never how to write it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sluice_api.reasons import Reason
from sluice_api.records import Record
from sluice_operator.finished import FinishedRuns
from sluice_operator.settings import Settings

ResourceKind = Literal["DatasetPack", "TrainingRun", "EvalGate", "Deployment"]
ChildKind = Literal["Job", "Pod", "AppsDeployment", "Service", "ControllerRevision", "EndpointSlice"]
"""`AppsDeployment` is apps/v1 Deployment, to keep it apart from ours."""


@dataclass(frozen=True, order=True)
class Key:
    """One of our objects; what the queue holds."""

    namespace: str
    kind: ResourceKind
    name: str


@dataclass(frozen=True)
class Owner:
    """Controller of a child."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True)
class Meta:
    """What every object has."""

    name: str
    namespace: str
    uid: str
    resource_version: str
    created_at: datetime
    generation: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    owner: Owner | None = None
    deleting: bool = False


@dataclass(frozen=True)
class Resource:
    """One of our four kinds, spec and status as they came."""

    kind: ResourceKind
    meta: Meta
    spec: Mapping[str, Any]
    status: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """Key of this object."""
        return Key(self.meta.namespace, self.kind, self.meta.name)


@dataclass(frozen=True)
class JobView:
    """A Job of a stage."""

    meta: Meta
    outcome: Literal["Active", "Complete", "Failed"]
    failed_reason: str = ""
    failed_message: str = ""
    suspended: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    body: str = ""
    """What its Pods run: see `pod_body`."""


@dataclass(frozen=True)
class PodView:
    """A Pod of a Job or of a slot."""

    meta: Meta
    job: str | None
    phase: str
    scheduled: bool = False
    scheduled_at: datetime | None = None
    schedule_message: str = ""
    waiting_reason: str = ""
    waiting_message: str = ""
    exit_code: int | None = None
    """Exit code of the first container that ended badly, init containers first; else of the main one."""
    terminated_reason: str = ""
    """OOMKilled, Error, Completed, ..."""
    termination_message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    disrupted: bool = False
    """Condition DisruptionTarget is true."""
    ready: bool = False
    body: str = ""
    """What it runs: see `pod_body`."""


@dataclass(frozen=True)
class SlotView:
    """An apps/v1 Deployment that serves one revision."""

    meta: Meta
    spec: Mapping[str, Any]
    replicas: int
    available_replicas: int
    available: bool
    available_since: datetime | None = None
    """Last transition of the condition Available."""
    observed_generation: int = 0
    message: str = ""
    refusal: str = ""
    """What the cluster says of Pods that it does not let in."""


@dataclass(frozen=True)
class ServiceView:
    """A Service, public or of a slot."""

    meta: Meta
    selector: Mapping[str, str]
    cluster_ip: str = ""


@dataclass(frozen=True)
class SliceView:
    """An EndpointSlice that the cluster's own controllers did not write: it leads a Service elsewhere."""

    meta: Meta
    service: str
    managed_by: str = ""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordView:
    """A ControllerRevision of ours. `record` is None when it cannot be read; it is never ignored silently."""

    meta: Meta
    record: Record | None
    fingerprint: bytes = b""
    """Hash of what is stored, the same for the same content; empty: it was not read from a store."""


@dataclass(frozen=True)
class ProgressNote:
    """Last progress that a train Pod posted."""

    pod_uid: str
    job: str
    step: int
    total_steps: int
    eta_seconds: int | None
    received_at: datetime


@dataclass(frozen=True)
class Problem:
    """Why a reference cannot be used now. Whether waiting helps is the reason's retry class."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Related:
    """An object with its children and records: the one that is planned, or one that it refers to."""

    resource: Resource
    records: tuple[RecordView, ...] = ()
    jobs: tuple[JobView, ...] = ()
    pods: tuple[PodView, ...] = ()
    slots: tuple[SlotView, ...] = ()
    services: tuple[ServiceView, ...] = ()
    slices: tuple[SliceView, ...] = ()
    """EndpointSlices of these Services that the cluster's own controllers did not write."""
    orphans: tuple["Orphan", ...] = ()
    """Records, slots and Services that bear its name and have no owner: a restore may leave them so."""


Orphan = RecordView | SlotView | ServiceView


@dataclass(frozen=True)
class Observed:
    """All that a planner may know."""

    me: Related
    world: Mapping[Key, Related]
    """Everything that `me` reaches by name, itself included. Absent key: the object is missing."""
    settings: Settings
    now: datetime
    finished: Mapping[Key, FinishedRuns] = field(default_factory=dict)
    """By gate that selects runs by label: those that are finished. Of these `world` holds only the newest."""
    users: tuple[Related, ...] = ()
    """Objects that refer to `me` and tell it something: a gate's Deployments, who found a pack damaged."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    """What the cluster says of Jobs that have no Pod, by name."""
    missing_sources: frozenset[str] = frozenset()
    """What a pack reads of ConfigMaps and that does not exist, as sentences."""
    progress: tuple[ProgressNote, ...] = ()
    progress_ca_pem: str = ""

    def find(self, kind: ResourceKind, name: str) -> Related | None:
        """A referenced object in the same namespace, or None when it is missing."""
        return self.world.get(Key(self.me.resource.meta.namespace, kind, name))


@dataclass(frozen=True)
class Create:
    """Create, never replace. `AlreadyExists` with our owner UID and request hash is success."""

    manifest: Mapping[str, Any]
    unless_record: str = ""
    """Read live first: skip when a record of that name exists or the owner is gone or deleting."""
    unless_job: str = ""
    """Read live first: skip when a Job of that name exists, because its absence is what is recorded."""


@dataclass(frozen=True)
class Apply:
    """Server-side apply with our field manager."""

    manifest: Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """What an irreversible write was decided from; read live and compared before it is done."""

    kind: ResourceKind
    name: str
    uid: str
    generation: int

    @classmethod
    def of(cls, resource: Resource) -> "Seen":
        """An object as it is now."""
        return cls(resource.kind, resource.meta.name, resource.meta.uid, resource.meta.generation)


@dataclass(frozen=True)
class Patch:
    """Merge patch guarded by resourceVersion: a conflict means that we looked at something old."""

    kind: ChildKind
    name: str
    resource_version: str
    body: Mapping[str, Any]
    requires: tuple[Seen, ...] = ()
    """Read live first: any other UID or generation, and a deletion that began, is a conflict."""
    unless_record: str = ""
    """Read live first: skip when a record of that name exists, because somebody went on meanwhile."""


Write = Create | Apply | Patch


@dataclass(frozen=True)
class Delete:
    """Delete with UID precondition, in the background."""

    kind: ChildKind
    name: str
    uid: str
    why: str
    resource_version: str = ""
    unless_record: str = ""
    """Read live first: skip when a record of that name exists, because somebody went on meanwhile."""


@dataclass(frozen=True)
class EventNote:
    """A Kubernetes Event about the planned object."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Plan:
    """What should be."""

    apply: tuple[Write, ...] = ()
    delete: tuple[Delete, ...] = ()
    status: Mapping[str, Any] | None = None
    """Complete desired status; None leaves it as it is (the object is being deleted)."""
    events: tuple[EventNote, ...] = ()
    requeue_after: float | None = None
    """Seconds until the object must be looked at again, whatever happens."""
    details: tuple[str, ...] = ()
    """Short lines for the log and for a dry run."""
