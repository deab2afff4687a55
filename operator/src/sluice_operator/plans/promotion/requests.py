"""What people ask by annotation: which requests are open, and which are answered without moving traffic."""

from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.decisions import ANNOTATIONS, Decision, Request, read_request
from sluice_api.reasons import Reason
from sluice_operator.facts import gate as gates
from sluice_operator.facts import live
from sluice_operator.model import Related
from sluice_operator.plans.promotion import back, folding, rights
from sluice_operator.plans.promotion.choice import Held
from sluice_operator.plans.promotion.scene import Scene

KINDS: tuple[Decision, ...] = ("rollback-to", "promote", "clear-rollback")


@dataclass(frozen=True)
class Answer:
    """A request that is spent without moving traffic."""

    request: Request
    reason: Reason
    message: str


def open_request(me: Related, decision: Decision) -> Request | None:
    """The request of that kind, unless there is none, it cannot be read, or it is spent (row 7)."""
    text = me.resource.meta.annotations.get(ANNOTATIONS[decision])
    try:
        request = read_request(decision, text) if text else None
    except ValueError:
        return None
    if request is None:
        return None
    spent = any(s.decision == decision and s.id == request.id for s in live.fold(me).spent)
    return None if spent else request


def waiting(me: Related, why: str) -> tuple[Held, ...]:
    """Every open request, while nothing may be decided."""
    found = (open_request(me, decision) for decision in KINDS)
    return tuple(
        Held(reasons.REQUEST_WAITING, f"{r.decision} {r.digest[:19]} by {r.user} waits: {why}")
        for r in found
        if r is not None
    )


def malformed(me: Related) -> tuple[Held, ...]:
    """Annotations that are no request. Nobody acts on them, and the status says so."""
    return tuple(held for decision in KINDS if (held := _malformed(me, decision)) is not None)


def _malformed(me: Related, decision: Decision) -> Held | None:
    text = me.resource.meta.annotations.get(ANNOTATIONS[decision])
    try:
        if text:
            read_request(decision, text)
    except ValueError:
        form = "<digest> <audit sequence seen>.<4 to 16 letters or digits> <user>"
        message = f"annotation {ANNOTATIONS[decision]} is {text!r:.120}; its form is {form!r}"
        return Held(reasons.REQUEST_MALFORMED, message)
    return None


def answer(scene: Scene) -> Answer | None:
    """The first open request that is stale, clear, a no-op or impossible."""
    for decision in KINDS:
        request = open_request(scene.me, decision)
        found = _answer(scene, request) if request is not None else None
        if found is not None:
            return found
    return None


def _answer(scene: Scene, request: Request) -> Answer | None:
    newest = scene.next_sequence - 1
    if not scene.fold.spent_at <= request.seen <= newest:
        message = (
            f"it saw audit record {request.seen}; the newest decision is {scene.fold.spent_at} of {newest}"
        )
        return Answer(request, reasons.REQUEST_STALE, message)
    if request.decision == "clear-rollback":
        return _answer_clear(scene, request)
    if scene.live is not None and scene.live.digest == request.digest:
        return Answer(request, reasons.REQUEST_NO_OP, f"{request.digest[:19]} is live already")
    if request.decision == "rollback-to":
        return _answer_rollback(scene, request)
    return _answer_promote(scene, request)


def _answer_clear(scene: Scene, request: Request) -> Answer:
    if folding.lifted(scene.fold, request.digest) != scene.fold:
        return Answer(request, reasons.REQUEST_DONE, f"{request.digest[:19]} may go live again")
    message = f"{request.digest[:19]} is neither refused nor rejected"
    return Answer(request, reasons.REQUEST_NO_OP, message)


def _answer_rollback(scene: Scene, request: Request) -> Answer | None:
    """A digest that was never live here, or cannot be rebuilt, is no way back."""
    digest = request.digest[:19]
    if len(scene.fold.history) < 2:
        return Answer(request, reasons.NO_PREDECESSOR, f"nothing was live before; {digest} was never live")
    if all(item.digest != request.digest for item in scene.fold.history):
        return Answer(request, reasons.REQUEST_IMPOSSIBLE, f"{digest} was never live here")
    if back.target_of(scene, request.digest) is None:
        message = f"the revision record of {digest} is gone; its slot cannot be built again"
        return Answer(request, reasons.ROLLBACK_BLOCKED, message)
    return None


def _answer_promote(scene: Scene, request: Request) -> Answer | None:
    """An unknown digest, or one that failed, is spent; what may still pass waits."""
    if rights.gate_holds(scene) is not None or scene.gate is None:
        return None
    run = scene.run_of(request.digest)
    if run is None:
        judged = any(v.digest == request.digest for v in gates.verdicts(scene.gate))
        message = f"no run that gate {scene.spec.gate_ref.name} selects made {request.digest[:19]}"
        return None if judged else Answer(request, reasons.REQUEST_IMPOSSIBLE, message)
    given = rights.live_pass(scene, run)
    if isinstance(given, Held) and given.is_final:
        return Answer(request, given.reason, given.message)
    return None
