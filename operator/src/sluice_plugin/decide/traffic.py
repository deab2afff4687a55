"""Decisions about a Deployment: what is promoted, gone back to, or let in again. Pure."""

from sluice_api.audit import Fold, HistoryItem
from sluice_api.decisions import Decision
from sluice_api.records import VerdictRecord
from sluice_operator import raw
from sluice_operator.facts import gate as gates
from sluice_operator.facts import live as chain
from sluice_operator.model import Related
from sluice_plugin.console import short
from sluice_plugin.decide.asked import Asked, Nothing, listed, one_digest, require_open
from sluice_plugin.errors import Refused


def promote(me: Related, gate: Related | None, digest: str | None, run: str | None) -> Asked | Nothing:
    """Make a judged artifact live; without a name, the newest that passed."""
    require_open(me)
    name = raw.text(me.resource.spec, "gateRef", "name")
    if gate is None:
        raise Refused(f"EvalGate {name} does not exist; nothing can be promoted without a verdict")
    given = _judged(gate, me, digest, run)
    now = chain.live(me)
    if now is not None and now.digest == given.digest:
        return Nothing(f"run {given.run}, {short(given.digest)}, is live already")
    pin = me.resource.spec.get("promotion", {}).get("pin")
    if pin not in (None, given.digest):
        raise Refused(
            f"spec.promotion.pin is {short(str(pin))}, which would take traffic back at once; "
            f"pin {short(given.digest)} instead, or remove the pin, then ask again"
        )
    if given.verdict == "Fail":
        raise Refused(f"run {given.run} cannot be promoted: its verdict is Fail; {given.message}")
    return _asked(me, "promote", given.digest, _promotion(me, gate, given))


def _judged(gate: Related, me: Related, digest: str | None, run: str | None) -> VerdictRecord:
    found = gates.verdicts(gate)
    name = gate.resource.meta.name
    known = {v.digest: f"run {v.run}: {v.verdict}" for v in reversed(found)}
    if digest is not None:
        wanted = one_digest(digest, known, f"what gate {name} judged")
        return next(v for v in found if v.digest == wanted)
    if run is not None:
        return _of_run(found, name, run)
    now = chain.live(me)
    live = now.digest if now else ""
    passed = next((v for v in found if v.verdict == "Pass" and v.digest != live), None)
    if passed is None:
        raise Refused(f"gate {name} passed nothing but what is live; it judged {listed(known)}")
    return passed


def _of_run(found: tuple[VerdictRecord, ...], gate: str, run: str) -> VerdictRecord:
    given = next((v for v in found if v.run == run), None)
    if given is None:
        judged = ", ".join(dict.fromkeys(v.run for v in found)) or "none"
        raise Refused(f"gate {gate} never judged run {run}; it judged {judged}")
    return given


def _promotion(me: Related, gate: Related, given: VerdictRecord) -> list[str]:
    fold = chain.fold(me)
    will = [f"run {given.run}, {short(given.digest)}, goes live{_instead_of(me)}: {given.verdict}"]
    if fold.refuses(given.digest):
        will.append("it was rolled back before; this promotion lets it in again")
    if given.verdict != "Pass":
        will.append("it waits until its verdict is a Pass")
    approval = raw.mapping(gate.resource.spec, "approval").get("required") is True
    if approval and given.verdict == "Pass" and gates.approval(gate, given) is None:
        will.append(f"it waits until somebody approves: kubectl sluice approve {gate.resource.meta.name}")
    if me.resource.spec.get("paused") is True:
        will.append("it waits while spec.paused is true")
    return will


def rollback(me: Related, to: str | None, revision: int | None) -> Asked | Nothing:
    """Go back to what was live before; without a name, to the one before."""
    require_open(me)
    now, history = chain.live(me), chain.fold(me).history
    if now is None:
        raise Refused(
            f"Deployment {me.resource.meta.name} serves nothing yet; there is nothing to go back to"
        )
    target = _earlier(history, now.digest, to, revision)
    if target.digest == now.digest:
        return Nothing(f"revision {target.revision}, {short(target.digest)}, is live already")
    return _asked(me, "rollback-to", target.digest, _return(me, history, target))


def _earlier(
    history: tuple[HistoryItem, ...], live: str, to: str | None, revision: int | None
) -> HistoryItem:
    known = {h.digest: f"revision {h.revision}" for h in reversed(history)}
    if to is not None:
        wanted = one_digest(to, known, "what was live here")
        return next(h for h in history if h.digest == wanted)
    if revision is not None:
        found = next((h for h in history if h.revision == revision), None)
        if found is None:
            raise Refused(f"revision {revision} was never live here; there were {listed(known)}")
        return found
    earlier = next((h for h in history if h.digest != live), None)
    if earlier is None:
        raise Refused(f"nothing to go back to: only {listed(known)} was ever live here")
    return earlier


def _return(me: Related, history: tuple[HistoryItem, ...], target: HistoryItem) -> list[str]:
    kept = raw.text(me.resource.status, "previous", "digest") == target.digest
    how = "at once, its slot is kept" if kept else "once its slot is built again and verified"
    will = [f"revision {target.revision}, {short(target.digest)}, takes traffic{_instead_of(me)}, {how}"]
    last = next(h.transition for h in history if h.digest == target.digest)
    left = dict.fromkeys(
        short(h.digest) for h in history if h.transition > last and h.digest != target.digest
    )
    will.append(f"{', '.join(left)} will be refused until somebody promotes, pins or clears it")
    return will


def clear(me: Related, digest: str | None) -> Asked | Nothing:
    """Let what was rolled back, or tried in vain, be chosen again."""
    require_open(me)
    known = _kept_out(chain.fold(me))
    if not known:
        return Nothing("nothing is refused or rejected here")
    if digest is None and len(known) > 1:
        raise Refused(f"several are kept out; choose one with --digest: {listed(known)}")
    wanted = one_digest(digest, known, "what is kept out") if digest else next(iter(known))
    told = f"{short(wanted)} ({known[wanted]}) may go live again; nothing else changes"
    return _asked(me, "clear-rollback", wanted, [told])


def _kept_out(fold: Fold) -> dict[str, str]:
    rejected = {r.digest: f"rejected: {r.reason}" for r in fold.rejected}
    return rejected | {r.digest: "rolled back" for r in fold.refused}


def _instead_of(me: Related) -> str:
    now = chain.live(me)
    return f" instead of {short(now.digest)}" if now else ""


def _asked(me: Related, decision: Decision, digest: str, will: list[str]) -> Asked:
    meta, head = me.resource.meta, chain.head(me)
    return Asked(
        decision=decision,
        kind="Deployment",
        name=meta.name,
        uid=meta.uid,
        digest=digest,
        seen=str(head.sequence if head else 0),
        will=tuple(will),
    )
