"""Approval of a gate's verdict: what a person asked for by annotation, and how that stands.

An approval is a record of its own, written once, about exactly one verdict: another baseline, suite or
criterion makes another verdict, which nobody has seen yet. Only a Pass can be approved.
"""

from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.decisions import ANNOTATIONS, Request, read_request
from sluice_api.reasons import Reason
from sluice_api.records import ApprovalRecord, VerdictRecord
from sluice_operator.children import records
from sluice_operator.facts import gate as facts
from sluice_operator.facts.gate import Policy
from sluice_operator.model import Create, Delete, Observed
from sluice_operator.plans.draft import Conditions, Draft, stamp

FORM = "<digest> <first 12 digits of the verdict's hash>.<4 to 16 letters or digits> <user>"


@dataclass(frozen=True)
class Answer:
    """Why the request that stands in the annotation lets nothing through."""

    reason: Reason
    message: str


def approve(observed: Observed, draft: Draft, policy: Policy) -> Answer | None:
    """Write the approval that was asked for; an Answer when the request cannot be met."""
    request = _read(observed)
    if request is None or isinstance(request, Answer):
        return request
    found = _verdict(observed, policy, request)
    if isinstance(found, Answer):
        return Answer(found.reason, f"request {request.id}: {found.message}")
    if facts.approval(observed.me, found) is not None:
        return None
    resource = observed.me.resource
    value = ApprovalRecord(
        verdict=records.verdict_name(resource.meta.name, found),
        digest=found.digest,
        user=request.user,
        id=request.id,
        verified=observed.settings.decisions_verified,
        time=stamp(observed.now),
    )
    name = records.approval_name(resource.meta.name, found)
    message = f"run {found.run}: {request.user} approved {found.digest[:19]}"
    draft.write(Create(records.record(resource, name, value)), reasons.APPROVED, message)
    return None


def waiting(observed: Observed, why: str) -> Answer | None:
    """The request while the gate cannot judge: it is neither lost nor acted on."""
    request = _read(observed)
    if request is None or isinstance(request, Answer) or _is_done(observed, request):
        return request if isinstance(request, Answer) else None
    message = f"request {request.id} of {request.user} to approve {request.digest[:19]} waits: {why}"
    return Answer(reasons.REQUEST_WAITING, message)


def _is_done(observed: Observed, request: Request) -> bool:
    return any(
        isinstance(r.record, ApprovalRecord) and r.record.id == request.id for r in observed.me.records
    )


def _read(observed: Observed) -> Request | Answer | None:
    text = observed.me.resource.meta.annotations.get(ANNOTATIONS["approve"])
    try:
        return read_request("approve", text) if text else None
    except ValueError:
        message = f"annotation {ANNOTATIONS['approve']} is {text!r:.120}; its form is {FORM!r}"
        return Answer(reasons.REQUEST_MALFORMED, message)


def _verdict(observed: Observed, policy: Policy, request: Request) -> VerdictRecord | Answer:
    """The verdict that the person saw, when it is a Pass under the policy as it stands."""
    about = [v for v in facts.verdicts(observed.me) if v.digest == request.digest]
    seen = next((v for v in about if records.verdict_hash(v) == request.verdict_hash), None)
    digest = request.digest[:19]
    if not about:
        return Answer(reasons.REQUEST_IMPOSSIBLE, f"this gate gave no verdict about {digest}")
    if seen is None:
        known = ", ".join(records.verdict_hash(v) for v in about)
        message = f"it speaks of verdict {request.verdict_hash} about {digest}; there is {known}"
        return Answer(reasons.REQUEST_STALE, message)
    if (seen.criteria_hash, seen.suite_digests) != (policy.criteria_hash, policy.suite_digests):
        message = f"criteria or suites changed since verdict {request.verdict_hash} about {digest}"
        return Answer(reasons.REQUEST_STALE, message)
    if seen.verdict != "Pass":
        message = f"the verdict about {digest} is {seen.verdict}; only a Pass can be approved"
        return Answer(reasons.REQUEST_IMPOSSIBLE, message)
    return seen


def is_missing(observed: Observed, policy: Policy, given: VerdictRecord) -> bool:
    """Whether a Pass still needs a person."""
    required = policy.spec.approval.required and given.verdict == "Pass"
    return required and facts.approval(observed.me, given) is None


def why_needed(given: VerdictRecord) -> str:
    """What is asked of a person."""
    return f"run {given.run} passed; a person must approve {given.digest[:19]}"


def needed(given: VerdictRecord) -> str:
    """What is asked of a person, and how it is done."""
    return reasons.APPROVAL_NEEDED.advise(why_needed(given))


def add_condition(
    conditions: Conditions, observed: Observed, newest: VerdictRecord | None, answer: Answer | None
) -> None:
    """Approved speaks of the newest candidate, or says why the request that stands helps it not."""
    given = facts.approval(observed.me, newest) if newest else None
    if given is not None and newest is not None:
        message = f"run {newest.run}: {given.user} approved {given.digest[:19]} at {given.time}"
        conditions.add("Approved", "True", reasons.APPROVED, message)
    elif answer is not None:
        conditions.add("Approved", "False", answer.reason, answer.reason.advise(answer.message))
    elif newest is not None and newest.verdict == "Pass":
        conditions.add("Approved", "False", reasons.APPROVAL_NEEDED, needed(newest))
    else:
        message = "no Pass waits for an approval"
        conditions.add("Approved", "Unknown", reasons.NO_PASSING_CANDIDATE, message)


def prune(observed: Observed, draft: Draft) -> None:
    """Approvals of verdicts that are gone go too."""
    mine = observed.me.resource.meta.name
    names = {records.verdict_name(mine, v) for v in facts.verdicts(observed.me)}
    for view in observed.me.records:
        if isinstance(view.record, ApprovalRecord) and view.record.verdict not in names:
            draft.delete(Delete("ControllerRevision", view.meta.name, view.meta.uid, "its verdict is gone"))
