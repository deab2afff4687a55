"""The decision about a gate: which verdict a person lets through. Pure."""

from sluice_api.records import VerdictRecord
from sluice_operator import raw
from sluice_operator.children.records import verdict_hash
from sluice_operator.facts import gate as gates
from sluice_operator.model import Related
from sluice_plugin.console import short
from sluice_plugin.decide.asked import Asked, Nothing, one_digest, require_open
from sluice_plugin.errors import Refused


def approve(gate: Related, digest: str | None, run: str | None) -> Asked | Nothing:
    """Approve a Pass; without a name, the newest candidate's."""
    require_open(gate)
    name = gate.resource.meta.name
    if raw.mapping(gate.resource.spec, "approval").get("required") is not True:
        raise Refused(
            f"gate {name} asks for no approval; a Pass counts by itself. "
            "Set spec.approval.required to true to have people approve"
        )
    given = _chosen(gate, digest, run)
    known = gates.approval(gate, given)
    if known is not None:
        return Nothing(f"{known.user} approved run {given.run}, {short(given.digest)}, at {known.time}")
    if given.verdict != "Pass":
        raise Refused(f"run {given.run} cannot be approved: its verdict is {given.verdict}; {given.message}")
    return Asked(
        decision="approve",
        kind="EvalGate",
        name=name,
        uid=gate.resource.meta.uid,
        digest=given.digest,
        seen=verdict_hash(given),
        will=(
            f"run {given.run}, {short(given.digest)}, may go live by this verdict: {given.message}",
            "another baseline, suite or criterion makes another verdict, to be approved anew",
        ),
    )


def _chosen(gate: Related, digest: str | None, run: str | None) -> VerdictRecord:
    name = gate.resource.meta.name
    found = _current(gate)
    if not found:
        raise Refused(f"gate {name} gave no verdict under its criteria as they stand; wait for one")
    if digest is not None:
        known = {v.digest: f"run {v.run}: {v.verdict}" for v in reversed(found)}
        wanted = one_digest(digest, known, f"what gate {name} judged")
        return next(v for v in found if v.digest == wanted)
    if run is None:
        return found[0]
    given = next((v for v in found if v.run == run), None)
    if given is None:
        judged = ", ".join(dict.fromkeys(v.run for v in found))
        raise Refused(
            f"gate {name} never judged run {run} under its criteria as they stand; it judged {judged}"
        )
    return given


def _current(gate: Related) -> tuple[VerdictRecord, ...]:
    """Verdicts that the gate tells: those of its criteria as they stand, one for each artifact."""
    criteria = raw.text(gate.resource.status, "criteriaHash")
    return tuple(v for v in gates.verdicts(gate) if v.criteria_hash == criteria)
