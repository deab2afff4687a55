"""Status of a Deployment, rebuilt from records, slots and the public Service."""

from collections.abc import Sequence
from typing import Any

from sluice_api import reasons
from sluice_api.audit import Live
from sluice_api.base import NameRef
from sluice_api.deployment import (
    AuditHead,
    DeploymentStatus,
    HistoryEntry,
    Hold,
    Refused,
    Rejected,
    RevisionRef,
    SlotReplicas,
)
from sluice_api.records import RevisionRecord
from sluice_operator import raw
from sluice_operator.children import serving
from sluice_operator.facts import audit
from sluice_operator.facts import live as chain
from sluice_operator.model import EventNote, Observed, Plan, Related
from sluice_operator.plans import deployment_conditions as told
from sluice_operator.plans import deployment_standing as standing
from sluice_operator.plans import status
from sluice_operator.plans.draft import Conditions, Draft, Stop, shorten, stamp
from sluice_operator.plans.drift.told import add_drifted, drift_status
from sluice_operator.plans.drift.watch import Watched
from sluice_operator.plans.ledger.told import add_archived
from sluice_operator.plans.promotion import requests
from sluice_operator.plans.promotion.choice import Held
from sluice_operator.plans.promotion.rows import Moved
from sluice_operator.plans.promotion.scene import Scene

_HISTORY = 20
_REFUSED = 20
_HOLDS = 8


def summarise(scene: Scene, draft: Draft, moved: Moved, watched: Watched) -> Plan:
    """The Plan with the complete status."""
    conditions = Conditions(scene.observed)
    stop = standing.work(scene, moved)
    conditions.add_standard(stop, standing.serving(scene.me))
    told.add_available(conditions, scene.me)
    told.add_progressing(conditions, scene, moved)
    told.add_gate(conditions, scene)
    told.add_held(conditions, moved.held)
    told.add_rolled_back(conditions, scene.me, moved.held)
    draft.events += _new_block(scene, moved)
    add_drifted(conditions, scene.me, scene.spec.drift, watched)
    add_archived(conditions, scene.observed, draft)
    draft.events += conditions.events()
    holds = (*(h for h in moved.held if h.tells), *requests.malformed(scene.me))
    value = _value(scene.me, moved.choice.target if moved.choice else None, scene, holds)
    return _finish(scene.observed, draft, conditions, stop, value, standing.phase(scene, moved, stop))


def summarise_stopped(observed: Observed, draft: Draft, stop: Stop) -> Plan:
    """The Plan while nothing may be decided: what serves goes on serving, and the status says so."""
    conditions = Conditions(observed)
    is_known = stop.reason is not reasons.RECORD_UNREADABLE
    conditions.add_standard(stop, standing.serving(observed.me) if is_known else None)
    told.add_available(conditions, observed.me)
    conditions.add("Progressing", "False", stop.reason, stop.told)
    conditions.add("GateOpen", "Unknown", stop.reason, stop.told)
    conditions.add("PromotionHeld", "True", stop.reason, stop.told)
    conditions.add("Drifted", "Unknown", stop.reason, stop.told)
    told.add_rolled_back(conditions, observed.me)
    add_archived(conditions, observed, draft)
    draft.events += conditions.events()
    holds = (*requests.waiting(observed.me, stop.message), *requests.malformed(observed.me))
    value = _value(observed.me, None, None, holds)
    return _finish(observed, draft, conditions, stop, value, status.phase_word(stop, "Promoting"))


def _finish(
    observed: Observed, draft: Draft, conditions: Conditions, stop: Stop, value: DeploymentStatus, phase: str
) -> Plan:
    draft.events += _new_holds(observed, value.holds)
    body: dict[str, Any] = value.dump() | status.common(observed, stop, phase)
    return draft.plan(body | {"conditions": conditions.dump()})


def _new_holds(observed: Observed, holds: Sequence[Hold]) -> list[EventNote]:
    """An Event for each hold that the stored status does not list yet."""
    before = observed.me.resource.status.get("holds", [])
    known = {h.get("reason") for h in before if isinstance(h, dict)} if isinstance(before, list) else set()
    return [EventNote(reasons.named_camel(h.reason), h.message) for h in holds if h.reason not in known]


def _new_block(scene: Scene, moved: Moved) -> list[EventNote]:
    """An Event when traffic should go back and cannot, unless the stored status says so already."""
    stuck = told.blocked(moved.held)
    known = raw.condition({"status": scene.resource.status}, "RolledBack").get("reason")
    return [EventNote(stuck.reason, stuck.message)] if stuck and stuck.reason.camel != known else []


def _value(
    me: Related, target: RevisionRecord | None, scene: Scene | None, holds: Sequence[Held]
) -> DeploymentStatus:
    known = chain.fold(me)
    now, slot = told.live_slot(me)
    meta = me.resource.meta
    return DeploymentStatus(
        active=_live_ref(me, now),
        candidate=_ref(target, target.created_at) if target else None,
        previous=_previous(scene),
        history=tuple(
            HistoryEntry(
                transition=h.transition, revision=h.revision, digest=h.digest, cause=h.cause, time=h.time
            )
            for h in known.history[:_HISTORY]
        ),
        rejected=tuple(
            Rejected(digest=r.digest, reason=reasons.named(r.reason).camel, message=r.message)
            for r in known.rejected
        ),
        refused=tuple(Refused(digest=r.digest, revision=r.revision) for r in known.refused[:_REFUSED]),
        holds=tuple(Hold(reason=h.reason.camel, message=_hold_message(h)) for h in holds[:_HOLDS]),
        drift=drift_status(me),
        url=serving.service_url(meta.name, meta.namespace) if now else None,
        replicas=SlotReplicas(desired=slot.replicas, available=slot.available_replicas)
        if slot
        else SlotReplicas(),
        audit=_audit(me),
    )


def _hold_message(held: Held) -> str:
    return shorten(held.reason.advise(held.message))


def _live_ref(me: Related, now: Live | None) -> RevisionRef | None:
    record = chain.revision(me, now.revision) if now else None
    return _ref(record, now.since) if record is not None and now is not None else None


def _previous(scene: Scene | None) -> RevisionRef | None:
    """What traffic left, while its slot is kept and it may come back."""
    record = scene.left_behind if scene else None
    if scene is None or record is None or scene.fold.refuses(record.artifact.digest, record.revision):
        return None
    until = scene.kept_until()
    if until is not None and scene.now >= until:
        return None
    left = next((h.time for h in scene.fold.history if h.slot != record.slot), stamp(scene.now))
    return _ref(record, left)


def _ref(record: RevisionRecord, since: str) -> RevisionRef:
    return RevisionRef(
        revision=record.revision,
        slot=record.slot,
        digest=record.artifact.digest,
        run_ref=NameRef(name=record.run),
        gate_ref=NameRef(name=record.gate),
        since=since,
    )


def _audit(me: Related) -> AuditHead | None:
    newest = chain.head(me)
    if newest is None:
        return None
    return AuditHead(sequence=newest.sequence, head_hash=newest.hash, archived_sequence=audit.archived(me))
