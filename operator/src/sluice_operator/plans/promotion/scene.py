"""What the rows of promotion look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sluice_api.audit import Fold, Live
from sluice_api.deployment import DeploymentSpec
from sluice_api.evalgate import EvalGateSpec
from sluice_api.records import RevisionRecord
from sluice_operator.children import naming, serving
from sluice_operator.facts import gate as gates
from sluice_operator.facts import live as chain
from sluice_operator.facts.gate import Policy
from sluice_operator.model import Observed, PodView, Problem, Related, Resource, ServiceView, SlotView
from sluice_operator.plans.common import Platform, parse_time
from sluice_operator.settings import ServingProfile


@dataclass(frozen=True)
class Scene:
    """A Deployment with all that promotion may know."""

    observed: Observed
    spec: DeploymentSpec
    platform: Platform
    serving: ServingProfile

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

    @cached_property
    def fold(self) -> Fold:
        """What the audit chain says."""
        return chain.fold(self.me)

    @cached_property
    def live(self) -> Live | None:
        """What traffic goes to."""
        return chain.live(self.me)

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

    def slot(self, name: str) -> SlotView | None:
        """A slot by name."""
        return next((s for s in self.me.slots if s.meta.name == name), None)

    def slot_pods(self, name: str) -> tuple[PodView, ...]:
        """Pods of a slot."""
        return tuple(p for p in self.me.pods if p.meta.labels.get("sluice.dev/slot") == name)

    def template(self, artifact: Any) -> dict[str, Any]:
        """Pod template for an artifact as the spec and the profiles stand now."""
        return serving.pod_template(
            self.resource, self.spec, artifact, self.serving, self.platform.storage, self.observed.settings
        )

    def slot_name(self, template: Mapping[str, Any]) -> str:
        """Name of the slot with that template."""
        return naming.slot_name(self.resource.meta.name, serving.slot_hash(dict(template)))

    def keep_previous_until(self) -> datetime | None:
        """End of the window in which the previous slot is kept, from the later of Available and `done`."""
        if self.live is None:
            return None
        slot = self.slot(self.live.slot)
        begin = parse_time(self.live.since)
        if slot is not None and slot.available and slot.available_since is not None:
            begin = max(begin, slot.available_since)
        return begin + timedelta(seconds=self.spec.rollback.keep_previous_seconds)

    def previous(self) -> RevisionRecord | None:
        """The revision that traffic went to before, while it may be kept."""
        if self.live is None:
            return None
        for item in self.fold.history:
            if item.slot != self.live.slot and item.transition < self.live.transition:
                record = self.revision(item.revision)
                return (
                    record
                    if record is not None and not self.fold.refuses(item.digest, item.revision)
                    else None
                )
        return None


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
