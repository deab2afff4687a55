"""The drift hold: noted in the chain when drift begins to count, and when it is over."""

from sluice_api import reasons
from sluice_operator.facts import drift
from sluice_operator.plans.draft import Draft
from sluice_operator.plans.promotion import chain
from sluice_operator.plans.promotion.scene import Scene


def note_drift(scene: Scene, draft: Draft) -> bool:
    """Record that promotions are held, or held no more. A new transition ends a hold by itself."""
    wanted, live = scene.spec.drift, scene.live
    wants_hold = wanted is not None and "HoldPromotions" in wanted.actions
    if scene.fold.hold is not None:
        if not wants_hold:
            chain.release(scene, draft, reasons.DRIFT_OFF, "spec.drift holds promotions no more")
        elif _is_well(scene):
            chain.release(scene, draft, reasons.NO_DRIFT, "the newest drift check is good")
        return bool(draft.writes)
    if live is None or not live.by_promotion or not wants_hold or not drift.has_drifted(scene.me, wanted):
        return False
    chain.hold(scene, draft, f"{drift.bad_in_a_row(scene.me)} bad drift checks in a row; promotions are held")
    return True


def _is_well(scene: Scene) -> bool:
    """Whether the newest check that counts is good; Unknown neither counts nor resets."""
    counted = (t.result for t in drift.ticks(scene.me) if t.result != "Unknown")
    return next(counted, None) == "Good"
