"""What must hold once the world was given time: S2, S3, S5, S6, S7, L1 and I5 at rest, one function each."""

from sluice_api.decisions import read_request
from support.invariants import answers, require
from support.simapi import Raw
from support.witness import Witness


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
        gone = live.digest in witness.lost
        require(gone, "S7", f"live slot {live.slot} is gone and was not built again")
        return
    require(
        (number, slot) == (str(live.transition), live.slot), "S7", f"the Service carries {number}, {slot}"
    )
    assert record is not None
    images = [c["image"] for c in found["spec"]["template"]["spec"]["containers"]]
    frozen = [c["image"] for c in record["template"]["spec"]["containers"]]
    require(images == frozen, "S7", f"slot {live.slot} runs {images}, its record says {frozen}")


def _is_held(witness: Witness) -> bool:
    """Whether something that people can name keeps everything from going live by itself."""
    spec = witness.spec
    promotion = spec.get("promotion", {})
    switched_off = spec.get("paused") or spec.get("suspend") or witness.gate is None
    waits = promotion.get("policy") == "Manual" or promotion.get("windows") or witness.memory.held
    return bool(switched_off or waits)


def l1_the_newest_pass_is_live(witness: Witness) -> None:
    """L1: the newest passing model is live unless something named holds it."""
    me, memory = witness.me, witness.memory
    if me is None or _is_held(witness) or witness.spec.get("promotion", {}).get("pin"):
        return
    since = _completed(witness, memory.live.revision) if memory.live else ""
    out = {d for d, r in memory.refused if r is None} | {d for d, _ in memory.rejected}
    later = [r for r in witness.runs() if r["completedAt"] > since and r["digest"] not in out]
    waiting = [r for r in later if witness.passes(r["digest"])]
    waiting = [r for r in waiting if memory.live is None or r["digest"] != memory.live.digest]
    waiting = [] if witness.waits_for_room() else waiting
    require(not waiting, "L1", f"{[r['name'] for r in waiting]} pass and are not live; {_told(me)}")


def s2_the_pin_is_noted(witness: Witness) -> None:
    """S2: the chain says which pin was seen."""
    if witness.me is None or witness.spec.get("suspend"):
        return
    pin, seen = witness.spec.get("promotion", {}).get("pin"), witness.memory.pin_seen
    require(pin == seen, "S2", f"pin {pin} was not noted; the chain says {seen}")


def s6_no_slot_without_a_use(witness: Witness) -> None:
    """S6: at rest there is the live slot, the one that was left, and the one that is coming."""
    if witness.me is None or witness.spec.get("suspend"):
        return
    slots = [s["metadata"]["name"] for s in witness.api.of("AppsDeployment")]
    require(len(slots) <= 3, "S6", f"slots {slots} are kept")


def l1_serving_is_as_asked(witness: Witness) -> None:
    """L1: what is live is served as the spec asks, unless something named holds it."""
    live, me = witness.memory.live, witness.me
    wanted = witness.spec.get("serving", {}).get("maxModelLength")
    if live is None or me is None or wanted is None or _is_held(witness) or not witness.slot_is_up(live.slot):
        return
    record = witness.revisions[live.revision]
    args = record["template"]["spec"]["containers"][0]["args"]
    waits = witness.waits_for_room()
    out = live.digest in {d for d, _ in witness.memory.rejected | witness.memory.refused}
    fits = f"--max-model-len={wanted}" in args
    out = out or witness.spec.get("promotion", {}).get("pin") not in (None, live.digest)
    require(fits or waits or out, "L1", f"{live.slot} is not served with length {wanted}; {_told(me)}")


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
    waits = digest not in made or witness.waits_for_room()
    require(live == digest or waits, "L1", f"pinned {digest} passes; live is {live}; {_told(witness.me)}")


def s5_every_request_is_answered(witness: Witness) -> None:
    """S5: at rest whoever asked to go back or to clear is answered, and a promote that may act has acted."""
    me = witness.me
    if me is None or witness.spec.get("suspend") or not witness.chain:
        return
    for decision in ("rollback-to", "clear-rollback", "promote"):
        text = me["metadata"].get("annotations", {}).get(f"sluice.dev/{decision}", "")
        try:
            asked = read_request(decision, text)  # type: ignore[arg-type]
        except ValueError:
            continue
        if decision == "promote" and not _may_be_promoted(witness, asked.digest):
            continue
        answered = any(c.request == asked.id and answers(c) for c in witness.chain)
        require(
            answered or witness.waits_for_room(),
            "S5",
            f"{decision} {asked.id} was never answered; {_told(me)}",
        )


def _may_be_promoted(witness: Witness, digest: str) -> bool:
    made = any(r["digest"] == digest for r in witness.runs())
    return made and not witness.spec.get("paused") and witness.passes(digest)


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
