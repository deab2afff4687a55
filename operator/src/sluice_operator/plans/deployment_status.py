"""Status of a Deployment, rebuilt from records, slots and the public Service."""

from typing import Any

from sluice_api import reasons
from sluice_api.audit import Live
from sluice_api.base import NameRef
from sluice_api.deployment import (
    AuditHead,
    DeploymentStatus,
    HistoryEntry,
    Rejected,
    RevisionRef,
    SlotReplicas,
)
from sluice_api.reasons import REASONS
from sluice_api.records import RevisionRecord
from sluice_operator.children import serving
from sluice_operator.facts import live as chain
from sluice_operator.facts.gate import Policy
from sluice_operator.model import Observed, Plan, Related, SlotView
from sluice_operator.plans import status
from sluice_operator.plans.draft import Conditions, Draft, Stop, stamp
from sluice_operator.plans.drift.told import add_drifted, drift_status
from sluice_operator.plans.drift.watch import Watched
from sluice_operator.plans.promotion.rows import Moved
from sluice_operator.plans.promotion.scene import Scene, is_up

_HISTORY = 20


def summarise(scene: Scene, draft: Draft, moved: Moved, watched: Watched) -> Plan:
    """The Plan with the complete status."""
    conditions = Conditions(scene.observed)
    stop = _stop(scene, moved)
    conditions.add_standard(stop)
    _add_available(conditions, scene.me)
    _add_progressing(conditions, moved)
    _add_gate(conditions, scene)
    _add_rolled_back(conditions, scene.me)
    add_drifted(conditions, scene.me, scene.spec.drift, watched)
    draft.events += conditions.events()
    value = _value(scene.me, moved.choice.target if moved.choice else None, scene)
    return _finish(scene.observed, draft, conditions, stop, value)


def summarise_stopped(observed: Observed, draft: Draft, stop: Stop) -> Plan:
    """The Plan while nothing may be decided: what serves goes on serving, and the status says so."""
    conditions = Conditions(observed)
    conditions.add_standard(stop)
    _add_available(conditions, observed.me)
    conditions.add("Progressing", "False", stop.reason, stop.told)
    conditions.add("GateOpen", "Unknown", stop.reason, stop.told)
    conditions.add("Drifted", "Unknown", stop.reason, stop.told)
    _add_rolled_back(conditions, observed.me)
    draft.events += conditions.events()
    return _finish(observed, draft, conditions, stop, _value(observed.me, None, None))


def _finish(
    observed: Observed, draft: Draft, conditions: Conditions, stop: Stop, value: DeploymentStatus
) -> Plan:
    word = "Serving" if stop.state == "Ready" else status.phase_word(stop, "Promoting")
    body: dict[str, Any] = value.dump() | status.common(observed, stop, word)
    return draft.plan(body | {"conditions": conditions.dump()})


def _live_slot(me: Related) -> tuple[Live | None, SlotView | None]:
    now = chain.live(me)
    slot = next((s for s in me.slots if now is not None and s.meta.name == now.slot), None)
    return now, slot


def _stop(scene: Scene, moved: Moved) -> Stop:
    now, slot = _live_slot(scene.me)
    if moved.choice is not None:
        message = f"{moved.choice.why}; revision {moved.choice.target.revision} is on its way"
        return Stop("Working", reasons.CANDIDATE_STARTING, message)
    if now is None:
        if moved.held is None:
            return Stop("Working", reasons.CANDIDATE_VERIFYING, "traffic is moving")
        waiting = moved.held.reason if moved.held.reason is not reasons.UP_TO_DATE else reasons.NOTHING_LIVE
        message = (
            moved.held.message
            if moved.held.reason is not reasons.UP_TO_DATE
            else "no run passed the gate yet"
        )
        return Stop("Waiting", waiting, message)
    if not is_up(slot):
        held = moved.held
        message = held.message if held else f"slot {now.slot} is unavailable"
        return Stop("Waiting", held.reason if held else reasons.LIVE_UNAVAILABLE, message)
    return Stop("Ready", reasons.SERVING, f"serves {now.digest[:19]}, revision {now.revision}")


def _add_available(conditions: Conditions, me: Related) -> None:
    now, slot = _live_slot(me)
    if now is None:
        conditions.add("Available", "False", reasons.NOTHING_LIVE, "nothing was promoted yet")
    elif is_up(slot):
        conditions.add("Available", "True", reasons.SERVING, f"slot {now.slot} takes traffic")
    else:
        message = f"slot {now.slot} is unavailable"
        conditions.add("Available", "False", reasons.LIVE_UNAVAILABLE, message)


def _add_progressing(conditions: Conditions, moved: Moved) -> None:
    if moved.choice is not None:
        conditions.add("Progressing", "True", reasons.CANDIDATE_STARTING, moved.choice.why)
    elif moved.held is not None:
        conditions.add("Progressing", "False", moved.held.reason, moved.held.message)
    else:
        conditions.add("Progressing", "True", reasons.CANDIDATE_VERIFYING, "traffic is moving")


def _add_gate(conditions: Conditions, scene: Scene) -> None:
    name = scene.spec.gate_ref.name
    if scene.gate is None:
        message = f"EvalGate {name} does not exist; what serves goes on serving"
        conditions.add("GateOpen", "False", reasons.GATE_MISSING, message)
    elif isinstance(scene.policy, Policy):
        conditions.add("GateOpen", "True", *_below(scene))
    else:
        reason = scene.policy.reason if scene.policy else reasons.INVALID_SPEC
        message = scene.policy.message if scene.policy else "its spec is invalid"
        conditions.add("GateOpen", "False", reason, f"EvalGate {name}: {message}")


def _below(scene: Scene) -> tuple[reasons.Reason, str]:
    """A tightened gate does not demote what is live, but it shows."""
    record = scene.revision(scene.live.revision) if scene.live else None
    policy = scene.policy
    name = scene.spec.gate_ref.name
    sealed = record.sealed_verdict.criteria_hash if record else None
    if isinstance(policy, Policy) and sealed not in (None, policy.criteria_hash):
        return reasons.LIVE_BELOW_CRITERIA, f"what is live passed earlier criteria of gate {name}"
    return reasons.GATE_OPEN, f"gate {name} decides what goes live"


def _add_rolled_back(conditions: Conditions, me: Related) -> None:
    known = chain.fold(me)
    newest = known.history[0] if known.history else None
    if newest is not None and newest.cause == "health":
        message = f"traffic went back to revision {newest.revision} at {newest.time}"
        conditions.add("RolledBack", "True", reasons.ROLLED_BACK, message)
    else:
        conditions.add("RolledBack", "False", reasons.UP_TO_DATE, "traffic is where promotion put it")


def _value(me: Related, target: RevisionRecord | None, scene: Scene | None) -> DeploymentStatus:
    known, newest = chain.fold(me), chain.head(me)
    now, slot = _live_slot(me)
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
            Rejected(digest=r.digest, reason=REASONS[r.reason].camel, message=r.message)
            for r in known.rejected
        ),
        drift=drift_status(me),
        url=serving.service_url(meta.name, meta.namespace) if now else None,
        replicas=SlotReplicas(desired=slot.replicas, available=slot.available_replicas)
        if slot
        else SlotReplicas(),
        audit=AuditHead(sequence=newest.sequence, head_hash=newest.hash) if newest else None,
    )


def _live_ref(me: Related, now: Live | None) -> RevisionRef | None:
    record = chain.revision(me, now.revision) if now else None
    return _ref(record, now.since) if record is not None and now is not None else None


def _previous(scene: Scene | None) -> RevisionRef | None:
    if scene is None:
        return None
    record, until = scene.previous(), scene.keep_previous_until()
    if record is None or until is None or scene.now >= until:
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
