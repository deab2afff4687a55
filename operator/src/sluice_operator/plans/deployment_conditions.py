"""Conditions of a Deployment beyond the standard ones."""

from collections.abc import Sequence

from sluice_api import reasons
from sluice_api.audit import GOING_BACK, Live
from sluice_api.reasons import Severity
from sluice_operator.facts import gate as gates
from sluice_operator.facts import live as chain
from sluice_operator.facts.gate import Policy
from sluice_operator.model import Related, SlotView
from sluice_operator.plans.draft import Conditions
from sluice_operator.plans.promotion.choice import Held
from sluice_operator.plans.promotion.rows import Moved
from sluice_operator.plans.promotion.scene import Scene, is_up


def live_slot(me: Related) -> tuple[Live | None, SlotView | None]:
    """What is live, and its slot."""
    now = chain.live(me)
    slot = next((s for s in me.slots if now is not None and s.meta.name == now.slot), None)
    return now, slot


def add_available(conditions: Conditions, me: Related) -> None:
    """Want Available: whether the endpoint answers."""
    now, slot = live_slot(me)
    if now is None:
        conditions.add("Available", "False", reasons.NOTHING_LIVE, "nothing was promoted yet")
    elif is_up(slot):
        conditions.add("Available", "True", reasons.SERVING, f"slot {now.slot} takes traffic")
    else:
        message = f"slot {now.slot} is unavailable"
        conditions.add("Available", "False", reasons.LIVE_UNAVAILABLE, message)


def add_progressing(conditions: Conditions, scene: Scene, moved: Moved) -> None:
    """Want Progressing: whether a model is on its way, or why none is."""
    held = [h for h in moved.held if h.tells] or moved.held
    if moved.is_moving:
        conditions.add("Progressing", "True", reasons.CANDIDATE_VERIFYING, "traffic is moving")
    elif moved.progress is not None:
        conditions.add("Progressing", "True", moved.progress.reason, moved.progress.message)
    elif moved.choice is not None:
        conditions.add("Progressing", "True", moved.choice.reason, moved.choice.why)
    elif held:
        reason, message = held[-1].reason, held[-1].message
        told = reason.advise(message) if reason.severity is Severity.WARNING else message
        conditions.add("Progressing", "False", reason, told)
    elif scene.live is None:
        conditions.add("Progressing", "False", reasons.NOTHING_LIVE, "no run passed the gate yet")
    else:
        message = "the newest passing model is live"
        conditions.add("Progressing", "False", reasons.UP_TO_DATE, message)


def add_gate(conditions: Conditions, scene: Scene) -> None:
    """Want GateOpen: whether the gate can decide now."""
    name = scene.spec.gate_ref.name
    if scene.gate is None:
        message = f"EvalGate {name} does not exist; what serves goes on serving"
        conditions.add("GateOpen", "False", reasons.GATE_MISSING, message)
    elif isinstance(scene.policy, Policy):
        conditions.add("GateOpen", "True", *_below(scene, scene.policy, scene.gate))
    else:
        reason = scene.policy.reason if scene.policy else reasons.INVALID_SPEC
        message = scene.policy.message if scene.policy else gates.INVALID
        conditions.add("GateOpen", "False", reason, f"EvalGate {name}: {message}")


def _below(scene: Scene, policy: Policy, gate: Related) -> tuple[reasons.Reason, str]:
    """A tightened gate does not demote what is live, but it shows."""
    name, record = scene.spec.gate_ref.name, scene.live_revision
    if record is None or record.sealed_verdict.criteria_hash == policy.criteria_hash:
        return reasons.GATE_OPEN, f"gate {name} decides what goes live"
    same = (v for v in gates.verdicts(gate) if v.digest == record.artifact.digest)
    if any(v.verdict == "Pass" and v.criteria_hash == policy.criteria_hash for v in same):
        return reasons.GATE_OPEN, f"gate {name} decides what goes live"
    return reasons.LIVE_BELOW_CRITERIA, f"what is live passed earlier criteria of gate {name}"


def add_held(conditions: Conditions, held: Sequence[Held]) -> None:
    """Want PromotionHeld: whether something keeps every model from going live by itself."""
    stops = next((h for h in held if h.stops and h.tells), None)
    if stops is None:
        conditions.add("PromotionHeld", "False", reasons.NOT_HELD, "")
    else:
        conditions.add("PromotionHeld", "True", stops.reason, stops.reason.advise(stops.message))


def blocked(held: Sequence[Held]) -> Held | None:
    """Why traffic should go back and cannot."""
    no_way = (reasons.NO_PREDECESSOR, reasons.ROLLBACK_BLOCKED)
    return next((h for h in held if h.reason in no_way and not h.tells), None)


def add_rolled_back(conditions: Conditions, me: Related, held: Sequence[Held] = ()) -> None:
    """Want RolledBack: whether traffic went back when it last moved, or should and cannot."""
    known, stuck = chain.fold(me), blocked(held)
    newest = known.history[0] if known.history else None
    if stuck is not None:
        conditions.add("RolledBack", "False", stuck.reason, stuck.reason.advise(stuck.message))
    elif newest is not None and newest.cause in GOING_BACK:
        message = f"traffic went back to revision {newest.revision} at {newest.time} ({newest.cause})"
        conditions.add("RolledBack", "True", reasons.ROLLED_BACK, message)
    else:
        conditions.add("RolledBack", "False", reasons.NOT_ROLLED_BACK, "traffic is where promotion put it")
