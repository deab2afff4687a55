"""What the rows of promotion look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sluice_api.audit import GOING_BACK, AuditRecord, Fold, HistoryItem, Live
from sluice_api.contracts.reports import ArtifactResult
from sluice_api.deployment import DeploymentSpec
from sluice_api.evalgate import EvalGateSpec
from sluice_api.records import RevisionRecord
from sluice_operator.children import naming, serving
from sluice_operator.facts import gate as gates
from sluice_operator.facts import live as chain
from sluice_operator.facts.gate import Policy
from sluice_operator.finished import FinishedRuns, RunFacts
from sluice_operator.model import Observed, PodView, Problem, Related, Resource, ServiceView, SlotView
from sluice_operator.plans.common import Platform, parse_time
from sluice_operator.plans.draft import Stop
from sluice_operator.settings import ServingProfile


@dataclass(frozen=True)
class Scene:
    """A Deployment with all that promotion may know."""

    observed: Observed
    spec: DeploymentSpec
    platform: Platform | Stop
    """Where stages run, or why nowhere."""
    serving: ServingProfile | Stop
    """How new slots serve, or why there can be none."""

    @property
    def lacks(self) -> Stop | None:
        """The first profile that is missing here."""
        return next((p for p in (self.platform, self.serving) if isinstance(p, Stop)), None)

    @property
    def me(self) -> Related:
        """The Deployment, its children and records."""
        return self.observed.me

    @property
    def resource(self) -> Resource:
        """The Deployment itself."""
        return self.observed.me.resource

    @property
    def now(self) -> datetime:
        """The time of this look."""
        return self.observed.now

    def left(self, since: datetime, seconds: int) -> float:
        """Seconds until that many have passed; never more than all, however the clock was set back."""
        return min(seconds - (self.now - since).total_seconds(), float(seconds))

    @cached_property
    def head(self) -> AuditRecord | None:
        """The newest link of the audit chain."""
        return chain.head(self.me)

    @cached_property
    def fold(self) -> Fold:
        """What the audit chain says."""
        return chain.fold(self.me)

    @property
    def next_sequence(self) -> int:
        """Number of the next link."""
        return self.head.sequence + 1 if self.head else 1

    @property
    def settled(self) -> HistoryItem | None:
        """The newest non-repair transition."""
        return self.fold.history[0] if self.fold.history else None

    @cached_property
    def live(self) -> Live | None:
        """What traffic goes to."""
        return chain.live(self.me)

    @cached_property
    def live_revision(self) -> RevisionRecord | None:
        """The revision record of what traffic goes to."""
        return self.revision(self.live.revision) if self.live else None

    @cached_property
    def public(self) -> ServiceView | None:
        """The Service that clients ask."""
        return chain.public_service(self.me)

    @cached_property
    def revisions(self) -> tuple[RevisionRecord, ...]:
        """Revision records, oldest first."""
        return chain.revisions(self.me)

    def revision(self, number: int) -> RevisionRecord | None:
        """The revision record of that number."""
        return chain.revision(self.me, number)

    def has_rejected(self, record: RevisionRecord) -> bool:
        """Whether a revision was tried in vain."""
        return any(r.revision == record.revision for r in self.fold.rejected)

    @property
    def next_revision(self) -> int:
        """A number that no revision ever had, whether its record is kept or not."""
        recorded = [r.revision for r in self.revisions]
        moved = [item.revision for item in self.fold.history]
        return max([*recorded, *moved, *(r.revision for r in self.fold.rejected)], default=0) + 1

    @cached_property
    def gate(self) -> Related | None:
        """The gate, if it exists."""
        return self.observed.find("EvalGate", self.spec.gate_ref.name)

    @cached_property
    def policy(self) -> Policy | Problem | None:
        """What the gate demands now; None when there is no gate to ask."""
        if self.gate is None:
            return None
        try:
            spec = EvalGateSpec.parse(self.gate.resource.spec)
        except ValueError:
            return None
        return gates.policy(spec, self.observed.find)

    @cached_property
    def runs(self) -> FinishedRuns:
        """Finished runs that the gate selects."""
        if self.gate is None or not isinstance(self.policy, Policy):
            return FinishedRuns()
        return gates.candidates(self.policy.spec, self.gate.resource.key, self.observed)

    def run_of(self, digest: str) -> RunFacts | None:
        """A finished run that made this digest."""
        return next(iter(self.runs.made(digest)), None)

    def slot(self, name: str) -> SlotView | None:
        """A slot by name."""
        return next((s for s in self.me.slots if s.meta.name == name), None)

    def slot_pods(self, name: str) -> tuple[PodView, ...]:
        """Pods of a slot."""
        return tuple(p for p in self.me.pods if p.meta.labels.get("sluice.dev/slot") == name)

    def template(self, artifact: ArtifactResult) -> dict[str, Any]:
        """Pod template for an artifact as the spec and the profiles stand now.

        Raises:
            TypeError: a profile is missing; whoever asks must have seen to that.
        """
        if isinstance(self.platform, Stop) or isinstance(self.serving, Stop):
            raise TypeError(f"no new slot without its profiles: {self.lacks}")
        return serving.pod_template(
            self.first_owner, self.spec, artifact, self.serving, self.platform.storage, self.observed.settings
        )

    @property
    def first_owner(self) -> Resource:
        """The Deployment under the UID of its chain, so that a restored one does not build its slots anew."""
        meta = self.resource.meta
        return replace(self.resource, meta=replace(meta, uid=self.head.chain if self.head else meta.uid))

    def slot_name(self, template: Mapping[str, Any]) -> str:
        """Name of the slot with that template."""
        return naming.slot_name(self.resource.meta.name, serving.slot_hash(dict(template)))

    @cached_property
    def left_behind(self) -> RevisionRecord | None:
        """The revision that traffic left when it last moved."""
        if self.live is None:
            return None
        left = (i for i in self.fold.history if i.slot != self.live.slot)
        item = next((i for i in left if i.transition < self.live.transition), None)
        return self.revision(item.revision) if item else None

    @property
    def drains_until(self) -> datetime | None:
        """Until when the slot that was left keeps its connections; None after a promotion."""
        if self.settled is None or self.settled.cause not in GOING_BACK:
            return None
        return parse_time(self.settled.time) + timedelta(seconds=self.spec.rollback.drain_seconds)

    def kept_until(self) -> datetime | None:
        """End of the window in which the slot that was left is kept; None while it has not begun to end.

        It counts from the later of Available and `done`, so it does not run while the live slot is down.
        """
        slot = self.slot(self.live.slot) if self.live else None
        if self.live is None or slot is None or not is_up(slot):
            return None
        begin = max(parse_time(self.live.since), slot.available_since or slot.meta.created_at)
        end = begin + timedelta(seconds=self.spec.rollback.keep_previous_seconds)
        return max(end, self.drains_until or end)


def is_up(slot: SlotView | None) -> bool:
    """Whether a slot can take traffic now."""
    return slot is not None and slot.available and slot.available_replicas > 0 and not slot.meta.deleting


def up_since(slot: SlotView | None) -> datetime | None:
    """Since when a slot is up; None when it is not."""
    if slot is None or not is_up(slot):
        return None
    return slot.available_since or slot.meta.created_at


def down_since(slot: SlotView) -> datetime | None:
    """Since when a slot is down; None when it is up."""
    return None if is_up(slot) else (slot.available_since or slot.meta.created_at)
