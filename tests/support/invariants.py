"""What must hold whatever happens: S1 to S7 and L1 of promotion, and I1, I2, I5, I9 and I10 of reliability.

Each is a small function over what the witness saw, and looks at one write of the operator. A broken one
raises Violation with its name. I1 is S1 with its seals; what must hold at rest stands in restinvariants.
"""

from datetime import datetime

from sluice_api import meta
from sluice_api.audit import AuditRecord
from sluice_api.reasons import BY_CAMEL
from sluice_operator.kinds import RESOURCES
from support.chainmemory import BACK, Memory
from support.simapi import Change, Raw
from support.witness import Witness, carried


class Violation(AssertionError):
    """An invariant does not hold."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(name, what)
        self.name = name

    def __str__(self) -> str:
        return ": ".join(self.args)


def require(held: bool, name: str, what: str) -> None:
    """Raise unless it held."""
    if not held:
        raise Violation(name, what)


def after_write(witness: Witness, change: Change, *, fresh: bool) -> None:
    """Everything that must hold after any one write. `fresh`: whoever wrote saw the world as it is."""
    s1_traffic_only_by_right(witness, change)
    row_15_holds_hold(witness, change)
    s2_the_chain_explains_traffic(witness, change)
    s2_the_head_remembers(witness, change)
    s3_no_outage_by_our_hand(witness, change, fresh=fresh)
    s4_refused_stays_refused(witness, change)
    s5_a_request_acts_once(witness, change)
    i2_one_job_per_attempt(witness, change)
    i5_only_what_was_verified(witness, change)
    i5_only_what_soaked(witness, change, fresh=fresh)
    i9_the_healthy_one_keeps_serving(witness, change, fresh=fresh)
    i10_reasons_from_the_list(change)


def is_switch(witness: Witness, change: Change) -> bool:
    """Whether a write of the operator moved the public Service to a slot."""
    if (change.kind, change.name) != ("Service", witness.name) or change.after is None:
        return False
    before, after = carried(change.before), carried(change.after)
    return after[1] is not None and before != after


def s1_traffic_only_by_right(witness: Witness, change: Change) -> None:
    """S1: a switch happens only while its cause has the right to it."""
    if not is_switch(witness, change):
        return
    intent = witness.memory.intent
    require(intent is not None, "S1", f"{change.actor} moved traffic without an open intent")
    assert intent is not None  # for the type checker
    record = witness.revisions.get(intent.revision or 0)
    require(record is not None, "S1", f"revision {intent.revision} has no record")
    assert record is not None
    sealed, digest = record["sealedVerdict"], str(intent.digest)
    good = sealed["verdict"] == "Pass" and sealed["digest"] == record["artifact"]["digest"] == digest
    require(good, "S1", f"revision {intent.revision} carries no sealed Pass of its own digest")
    told = f"transition {intent.sequence} by {intent.cause} to {digest[:19]}"
    require(_has_right(witness, intent.cause, digest), "S1", f"{told} had no right")


def _has_right(witness: Witness, cause: str, digest: str) -> bool:
    memory, spec = witness.memory, witness.spec
    was_live = any(stay.digest == digest for stay in memory.history)
    running = not spec.get("paused", False)
    awake = not spec.get("suspend", False)
    match cause:
        case "repair":
            return awake and memory.live is not None and memory.live.digest == digest
        case "rollback-to" | "health" | "drift":
            return awake and was_live
        case "pin":
            return awake and running and witness.gate is not None and (was_live or witness.passes(digest))
        case "automatic" | "promote":
            return awake and running and witness.passes(digest)
        case "profile":
            live = memory.live
            return (
                awake and running and witness.gate is not None and live is not None and live.digest == digest
            )
    return False


def s2_the_chain_explains_traffic(witness: Witness, change: Change) -> None:
    """S2: links follow each other, and the Service carries what the chain announced."""
    require(not witness.broken, "S2", witness.broken)
    if (change.kind, change.name) != ("Service", witness.name) or change.after is None:
        return
    number, slot = carried(change.after)
    if change.verb == "create":
        require(slot is None, "S2", "the public Service was born with a selector")
    elif is_switch(witness, change):
        intent = witness.memory.intent
        opened = (str(intent.sequence), intent.slot) if intent else None
        require((number, slot) == opened, "S2", f"the Service carries {number}, {slot}; open is {opened}")


def s2_the_head_remembers(witness: Witness, change: Change) -> None:
    """S2: the fold of the newest link says what the whole chain says."""
    if change.kind != "ControllerRevision" or change.after is None or not witness.chain:
        return
    if change.after["data"].get("record") != "audit":
        return
    fold, memory = witness.chain[-1].fold, witness.memory
    live = fold.live and (fold.live.transition, fold.live.slot, fold.live.digest)
    mine = memory.live and (memory.live.transition, memory.live.slot, memory.live.digest)
    require(live == mine, "S2", f"the head says {live} is live, the chain says {mine}")
    told = [(h.transition, h.slot) for h in fold.history]
    kept = [(h.transition, h.slot) for h in memory.history[: len(told)]]
    enough = len(told) >= min(len(memory.history), 10)
    require(told == kept and enough, "S2", f"the head remembers {told}, the chain {kept}")
    _remembers_refusals(witness, memory)


def _remembers_refusals(witness: Witness, memory: Memory) -> None:
    fold = witness.chain[-1].fold
    known = {(r.digest, r.revision) for r in fold.refused}
    lost = {r for r in memory.refused if r not in known and (r[0], None) not in known}
    require(not lost, "S4", f"the head {fold.intent} forgot that {sorted(map(str, lost))} was refused")


def s3_no_outage_by_our_hand(witness: Witness, change: Change, *, fresh: bool) -> None:
    """S3: a switch leads to a slot that is up, and no deletion takes what is live, or about to be."""
    intent = witness.memory.intent
    if fresh and is_switch(witness, change) and intent is not None and intent.cause != "repair":
        _, slot = carried(change.after)
        require(witness.slot_is_up(slot), "S3", f"traffic was moved to {slot}, which is down")
    if (change.kind, change.verb) == ("AppsDeployment", "delete"):
        _, slot = witness.leads_to()
        live = witness.memory.live.slot if witness.memory.live else None
        target = intent.slot if intent else None
        gone = change.name
        require(gone != live, "S3", f"live slot {gone} was deleted")
        require(gone != target, "S3", f"slot {gone} was deleted while a transition to it is open")
        require(gone != slot or intent is None, "S3", f"slot {gone} was deleted while it took traffic")


def s4_refused_stays_refused(witness: Witness, change: Change) -> None:
    """S4: what was rolled back comes back only when somebody names it."""
    intent = witness.memory.intent
    if (
        not is_switch(witness, change)
        or intent is None
        or intent.cause in ("promote", "rollback-to", "repair")
    ):
        return
    refused = witness.memory.refuses(str(intent.digest), intent.revision or 0)
    require(not refused, "S4", f"refused {intent.digest} came back by {intent.cause}")


def s5_a_request_acts_once(witness: Witness, change: Change) -> None:
    """S5: a request acts once, and one that saw less than the newest answer does not act.

    An old one that is applied again is answered again, as stale. One that claims to have seen what is yet to
    come is refused as stale too, and is a new one when it is applied again later.
    """
    if change.kind != "ControllerRevision" or not witness.chain or change.verb != "create":
        return
    link = witness.chain[-1]
    if link.request is None or change.name != f"{witness.name}-audit-{link.sequence}":
        return
    before = [c for c in witness.chain[:-1] if c.request == link.request and answers(c) and _could_see(c)]
    stale = link.phase == "spent" and link.reason == "request_stale"
    require(
        not before or stale, "S5", f"request {link.request}: {link.phase} after {[c.phase for c in before]}"
    )
    if link.phase == "intended" and link.cause != "pin":
        newest = max((c.sequence for c in witness.chain[:-1] if answers(c)), default=0)
        seen = int(link.request.split(".")[0])
        require(seen >= newest, "S5", f"request {link.request} acts though {newest} was answered since")


def _could_see(link: AuditRecord) -> bool:
    """Whether the request that a link answers speaks of links that were there."""
    return int(str(link.request).split(".")[0]) < link.sequence


def answers(link: AuditRecord) -> bool:
    """Whether a link answers a request."""
    return link.request is not None and link.phase in ("done", "spent", "rejected")


def row_15_holds_hold(witness: Witness, change: Change) -> None:
    """Rows 14 and 15: nothing goes live by itself while a pin, a hold or a policy says otherwise."""
    intent = witness.memory.intent
    if intent is None or not is_switch(witness, change):
        return
    promotion = witness.spec.get("promotion", {})
    if intent.cause in ("automatic", "profile"):
        require(promotion.get("policy") != "Manual", "S1", f"{intent.cause} acts though the policy is Manual")
        pin = promotion.get("pin")
        require(pin in (None, intent.digest), "S1", f"{intent.cause} acts though {pin} is pinned")
        require(not witness.memory.held or intent.cause == "profile", "S1", "promoted during a drift hold")
    if intent.cause == "pin":
        require(promotion.get("pin") == intent.digest, "S1", f"{intent.digest} is not pinned")


def i2_one_job_per_attempt(witness: Witness, change: Change) -> None:
    """I2: an attempt of which a record tells never comes again, and only one is at work."""
    if (change.kind, change.verb) != ("Job", "create") or change.after is None:
        return
    *request, attempt = _job_identity(change.after)
    told = witness.attempts.get((request[0], request[2]), 0)
    require(attempt > told, "I2", f"{change.name}: attempt {told} ended already")
    for job in witness.api.of("Job"):
        is_other = job["metadata"]["uid"] != change.after["metadata"]["uid"]
        busy = not job.get("status", {}).get("conditions")
        twin = is_other and busy and [*_job_identity(job)[:3]] == request
        require(not twin, "I2", f"{change.name} is the second at work")


def _job_identity(job: Raw) -> tuple[str, str, str, int]:
    metadata = job["metadata"]
    return (
        metadata["annotations"][meta.ANNOTATION_OWNER_UID],
        metadata["labels"][meta.LABEL_STAGE],
        metadata["annotations"][meta.ANNOTATION_REQUEST_HASH],
        int(metadata["labels"][meta.LABEL_ATTEMPT]),
    )


def i5_only_what_was_verified(witness: Witness, change: Change) -> None:
    """I5: a slot takes traffic only after a smoke check of this very slot."""
    intent = witness.memory.intent
    if intent is None or intent.cause == "repair" or not is_switch(witness, change):
        return
    slot = witness.api.objects.get(("AppsDeployment", str(intent.slot)))
    if slot is None:
        return
    uid = slot["metadata"]["uid"]
    require(uid in witness.verified, "I5", f"slot {intent.slot} takes traffic and was never verified")


def i5_only_what_soaked(witness: Witness, change: Change, *, fresh: bool) -> None:
    """I5: a new slot is announced only after its soak, as the spec asks for it then."""
    intent = witness.memory.intent
    announced = intent is not None and change.name == f"{witness.name}-audit-{intent.sequence}"
    if not fresh or intent is None or not announced or change.verb != "create":
        return
    slot = witness.api.objects.get(("AppsDeployment", str(intent.slot)))
    if slot is None or intent.cause in (*BACK, "repair"):
        return
    since = slot["status"]["conditions"][0]["lastTransitionTime"]
    up = (witness.api.now - datetime.fromisoformat(since)).total_seconds()
    soak = witness.spec.get("promotion", {}).get("soakSeconds", 0)
    # Clocks that were set back may date the beginning in the future.
    require(max(up, 0.0) >= soak, "I5", f"slot {intent.slot} soaked {up:.0f} of {soak} s")


def i9_the_healthy_one_keeps_serving(witness: Witness, change: Change, *, fresh: bool) -> None:
    """I9: no write to the public Service takes traffic from a slot that is up to one that is not."""
    if not fresh or (change.kind, change.name) != ("Service", witness.name):
        return
    _, before = carried(change.before)
    _, after = carried(change.after)
    live = witness.memory.live.slot if witness.memory.live else None
    if before == live and witness.slot_is_up(before):
        require(witness.slot_is_up(after), "I9", f"traffic left {before}, which is up, for {after}")


def i10_reasons_from_the_list(change: Change) -> None:
    """I10: every condition and failure of a status has a reason from the one list."""
    if change.verb != "status" or change.after is None or change.kind not in RESOURCES:
        return
    status = change.after["status"]
    told = [c["reason"] for c in status.get("conditions", [])]
    told += [status["failure"]["reason"]] if status.get("failure") else []
    unknown = [r for r in told if r not in BY_CAMEL]
    require(not unknown, "I10", f"{change.kind} {change.name} tells {unknown}")
