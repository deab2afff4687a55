"""How a Deployment stands: Ready speaks of what serves, the rest of the work on what comes next."""

from sluice_api import reasons
from sluice_api.audit import GOING_BACK
from sluice_api.reasons import Retry
from sluice_operator.model import Related
from sluice_operator.plans.deployment_conditions import live_slot
from sluice_operator.plans.draft import State, Stop
from sluice_operator.plans.promotion.choice import Choice, Held
from sluice_operator.plans.promotion.rows import Moved
from sluice_operator.plans.promotion.scene import Scene, is_up


def serving(me: Related) -> Stop | None:
    """What serves; None while nothing does."""
    now, slot = live_slot(me)
    if now is None or not is_up(slot):
        return None
    return Stop("Ready", reasons.SERVING, f"serves {now.digest[:19]}, revision {now.revision}")


def work(scene: Scene, moved: Moved) -> Stop:
    """How the work stands; Ready when there is none."""
    now, _ = live_slot(scene.me)
    if moved.choice is not None:
        return _candidate(scene, moved, moved.choice)
    if scene.lacks is not None:
        return scene.lacks
    if now is None:
        return _nothing_live(scene, moved)
    return serving(scene.me) or _unavailable(moved, now.slot)


def _candidate(scene: Scene, moved: Moved, choice: Choice) -> Stop:
    reason = moved.progress.reason if moved.progress else choice.reason
    message = moved.progress.message if moved.progress else choice.why
    message = f"{message}; revision {choice.target.revision} is on its way"
    state: State = "Working"
    if moved.progress is not None and moved.progress.waits:
        # Room may come by itself. What serves does not wait for it.
        alone: State = "Stalled" if reason.retry is Retry.HUMAN else "Retrying"
        state = "Waiting" if serving(scene.me) else alone
    return Stop(state, reason, message)


def _nothing_live(scene: Scene, moved: Moved) -> Stop:
    if moved.is_moving:
        return Stop("Working", reasons.CANDIDATE_VERIFYING, "traffic is moving")
    held = moved.held[-1] if moved.held else Held(reasons.NOTHING_LIVE, "no run passed the gate yet")
    is_judging = scene.gate is not None and any(j.outcome == "Active" for j in scene.gate.jobs)
    state: State = "Working" if is_judging else "Waiting"
    # More items may be on their way; whoever waits for a person or another spec stands still.
    if held.reason.retry is Retry.HUMAN and held.reason is not reasons.INCONCLUSIVE:
        state = "Stalled"
    return Stop(state, held.reason, held.message)


def _unavailable(moved: Moved, slot: str) -> Stop:
    found = next((h for h in moved.held if not h.tells), None)
    if found is None:
        return Stop("Retrying", reasons.LIVE_UNAVAILABLE, f"slot {slot} is unavailable")
    return Stop("Retrying", found.reason, found.message)


def phase(scene: Scene, moved: Moved, stop: Stop) -> str:
    """A word for people: where the newest model is on its way from pending to superseded."""
    serves = serving(scene.me) is not None
    waits = moved.progress is not None and moved.progress.waits
    if moved.choice is not None and moved.choice.cause in GOING_BACK:
        return "RollingBack"
    if moved.choice is not None and not (serves and waits):
        return "Promoting"
    if serves:
        back = scene.settled is not None and scene.settled.cause in GOING_BACK
        return "RolledBack" if back else "Serving"
    if scene.live is not None:
        return "Unavailable"
    if stop.state == "Stalled":
        return "Stalled"
    return "Promoting" if moved.is_moving else "Pending"
