"""What must hold whatever happens: S1 to S7 and L1 of promotion, and I1, I2, I5, I9 and I10 of reliability.

Each is a small function over what the witness saw. Those with a change look at one write of the operator, the
others at a world that was given time. A broken one raises Violation with its name. I1 is S1 with its seals.
"""

from typing import Any

from sluice_api import meta
from sluice_api.decisions import read_request
from sluice_api.reasons import BY_CAMEL
from support.simapi import Change, Raw
from support.witness import Memory, Witness, carried


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


def is_switch(witness: Witness, change: Change) -> bool:
    """Whether a write of the operator moved the public Service to a slot."""
    if (change.kind, change.name) != ("Service", witness.name) or change.after is None:
        return False
    before, after = carried(change.before), carried(change.after)
    return after[1] is not None and before != after


# After each write of the operator


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

    An old one that is applied again is answered again, as stale.
    """
    if change.kind != "ControllerRevision" or not witness.chain or change.verb != "create":
        return
    link = witness.chain[-1]
    if link.request is None or change.name != f"{witness.name}-audit-{link.sequence}":
        return
    before = [c for c in witness.chain[:-1] if c.request == link.request and _answers(c)]
    stale = link.phase == "spent" and link.reason == "request_stale"
    require(
        not before or stale, "S5", f"request {link.request}: {link.phase} after {[c.phase for c in before]}"
    )
    if link.phase == "intended" and link.cause != "pin":
        newest = max((c.sequence for c in witness.chain[:-1] if _answers(c)), default=0)
        seen = int(link.request.split(".")[0])
        require(seen >= newest, "S5", f"request {link.request} acts though {newest} was answered since")


def _answers(link: Any) -> bool:
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
    if change.verb != "status" or change.after is None:
        return
    status = change.after["status"]
    told = [c["reason"] for c in status.get("conditions", [])]
    told += [status["failure"]["reason"]] if status.get("failure") else []
    unknown = [r for r in told if r not in BY_CAMEL]
    require(not unknown, "I10", f"{change.kind} {change.name} tells {unknown}")


# At rest


def s3_traffic_left_what_is_down(witness: Witness) -> None:
    """S3: after all deadlines, traffic does not stand on a dead slot while an earlier one is healthy."""
    live = witness.memory.live
    automatic = witness.spec.get("rollback", {}).get("automatic", True)
    if live is None or not automatic or witness.spec.get("suspend") or witness.slot_is_up(live.slot):
        return
    well = [
        stay.slot
        for stay in witness.memory.history
        if stay.slot != live.slot
        and witness.slot_is_up(stay.slot)
        and not witness.memory.refuses(stay.digest, stay.revision)
    ]
    require(not well, "S3", f"live slot {live.slot} is down while {well} are up")


def s7_traffic_is_where_the_chain_says(witness: Witness) -> None:
    """S7: what was changed by hand is put back."""
    live, me = witness.memory.live, witness.me
    if me is None or witness.spec.get("suspend"):
        return
    require(witness.memory.intent is None, "S6", f"intent {witness.memory.intent} is never closed")
    number, slot = witness.leads_to()
    if live is None:
        require(slot is None, "S7", f"the Service leads to {slot} though nothing was promoted")
        return
    record = witness.revision_of(live.slot)
    found = witness.api.objects.get(("AppsDeployment", live.slot))
    if found is None:
        return  # its artifact may be gone; S3 speaks of the ways back
    require(
        (number, slot) == (str(live.transition), live.slot), "S7", f"the Service carries {number}, {slot}"
    )
    assert record is not None
    images = [c["image"] for c in found["spec"]["template"]["spec"]["containers"]]
    frozen = [c["image"] for c in record["template"]["spec"]["containers"]]
    require(images == frozen, "S7", f"slot {live.slot} runs {images}, its record says {frozen}")


def l1_the_newest_pass_is_live(witness: Witness) -> None:
    """L1: the newest passing model is live unless something named holds it."""
    me, memory, spec = witness.me, witness.memory, witness.spec
    promotion = spec.get("promotion", {})
    named = (
        me is None
        or spec.get("paused")
        or spec.get("suspend")
        or witness.gate is None
        or promotion.get("policy") == "Manual"
        or promotion.get("pin")
        or promotion.get("windows")
        or memory.held
    )
    if named:
        return
    since = _completed(witness, memory.live.revision) if memory.live else ""
    out = {d for d, r in memory.refused if r is None} | {d for d, _ in memory.rejected}
    later = [r for r in witness.runs() if r["completedAt"] > since and r["digest"] not in out]
    waiting = [r for r in later if witness.passes(r["digest"])]
    waiting = [r for r in waiting if memory.live is None or r["digest"] != memory.live.digest]
    waiting = [] if any(witness.waits_for_room(r["digest"]) for r in waiting) else waiting
    require(not waiting, "L1", f"{[r['name'] for r in waiting]} pass and are not live; {_told(me)}")


def l1_the_pin_is_live(witness: Witness) -> None:
    """L1: what is pinned is live once it may be, and nothing says that it cannot."""
    memory, spec = witness.memory, witness.spec
    digest = spec.get("promotion", {}).get("pin")
    held = witness.me is None or spec.get("paused") or spec.get("suspend") or witness.gate is None
    out = {d for d, _ in memory.refused | memory.rejected}
    if digest is None or held or digest in out or not witness.passes(digest):
        return
    live = memory.live.digest if memory.live else None
    made = {r["digest"] for r in witness.runs()}
    waits = digest not in made or witness.waits_for_room(digest)
    require(live == digest or waits, "L1", f"pinned {digest} passes; live is {live}; {_told(witness.me)}")


def s5_every_request_is_answered(witness: Witness) -> None:
    """S5: at rest a request to go back, or to clear, has been answered."""
    me = witness.me
    if me is None or witness.spec.get("suspend") or not witness.chain:
        return
    for decision in ("rollback-to", "clear-rollback"):
        text = me["metadata"].get("annotations", {}).get(f"sluice.dev/{decision}", "")
        try:
            asked = read_request(decision, text)  # type: ignore[arg-type]
        except ValueError:
            continue
        answered = any(c.request == asked.id and _answers(c) for c in witness.chain)
        require(
            answered or witness.waits_for_room(asked.digest),
            "S5",
            f"{decision} {asked.id} was never answered; {_told(me)}",
        )


def _completed(witness: Witness, revision: int) -> str:
    return str(witness.revisions[revision]["artifact"]["completedAt"])


def _told(me: Raw | None) -> str:
    conditions = (me or {}).get("status", {}).get("conditions", [])
    return "; ".join(f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in conditions[:6])


def i5_status_speaks_of_now(witness: Witness) -> None:
    """I5: at rest every status is of the newest generation, and Ready means that what serves was verified."""
    for kind in ("DatasetPack", "TrainingRun", "EvalGate", "Deployment"):
        for data in witness.api.of(kind):
            generation = data["metadata"]["generation"]
            for condition in data["status"]["conditions"]:
                fits = condition["observedGeneration"] == generation == data["status"]["observedGeneration"]
                require(fits, "I5", f"{kind} {data['metadata']['name']}: {condition['type']} is of the past")
