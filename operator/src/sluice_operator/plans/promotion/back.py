"""Going back: when the live slot must be left, and which earlier revision takes its place."""

from collections.abc import Iterator

from sluice_api import reasons
from sluice_api.audit import Cause
from sluice_api.records import RevisionRecord
from sluice_operator.facts import drift
from sluice_operator.plans.promotion.choice import Choice, Held
from sluice_operator.plans.promotion.damage import broken_artifact
from sluice_operator.plans.promotion.rights import has_sealed_pass
from sluice_operator.plans.promotion.scene import Scene, down_since, is_up, up_since


def why_unhealthy(scene: Scene) -> str | Held | None:
    """Why the live slot must be left; Held while its deadline runs; None while it is well."""
    slot = scene.slot(scene.live.slot) if scene.live else None
    since = down_since(slot) if slot else None
    if slot is None or since is None or not scene.spec.rollback.automatic:
        return None
    name, record = slot.meta.name, scene.live_revision
    broken = broken_artifact(scene, record) if record else None
    if broken is not None:
        return f"slot {name} cannot be built: {broken[1]}"
    left = scene.left(since, scene.spec.health_deadline_seconds)
    if left > 0:
        message = f"slot {name} is unavailable"
        return Held(reasons.LIVE_UNAVAILABLE, message, left, keep_slots=True, stops=False, tells=False)
    return f"slot {name} was unavailable for {scene.spec.health_deadline_seconds} s"


def why_drifted(scene: Scene) -> str | None:
    """Why drift asks to go back: only from what is live by promotion, or drift of the whole world would walk
    back to the oldest model."""
    wanted, live = scene.spec.drift, scene.live
    if wanted is None or live is None or not live.by_promotion or "Rollback" not in wanted.actions:
        return None
    if not drift.has_drifted(scene.me, wanted):
        return None
    return f"what is live failed {drift.bad_in_a_row(scene.me)} drift checks in a row"


def go_back(scene: Scene, cause: Cause, why: str) -> Choice | Held:
    """The newest earlier revision that has been up for the deadline; else one that can be built again.

    The deadline counts while the target is up: after an outage of both, the one whose Pod starts a moment
    later is not the bad one.
    """
    waits: list[float] = []
    rebuildable: list[RevisionRecord] = []
    for record in _earlier(scene, cause):
        since = up_since(scene.slot(record.slot))
        if since is None:
            rebuildable += [] if scene.has_rejected(record) else [record]
            continue
        left = scene.left(since, scene.spec.health_deadline_seconds)
        if left <= 0:
            return Choice(record, cause, reasons.ROLLED_BACK, why)
        waits.append(left)
    if waits:
        message = f"{why}; an earlier slot must be up for {scene.spec.health_deadline_seconds} s"
        reason = reasons.ROLLBACK_PREPARING
        return Held(reason, message, min(waits), keep_slots=True, stops=False, tells=False)
    if rebuildable:
        return Choice(rebuildable[0], cause, reasons.ROLLBACK_PREPARING, why)
    return _blocked(scene, why)


def target_of(scene: Scene, digest: str) -> RevisionRecord | None:
    """The newest revision of a digest that was live and holds its sealed Pass."""
    live = scene.live.slot if scene.live else None
    numbers = (i.revision for i in scene.fold.history if i.digest == digest and i.slot != live)
    found = (scene.revision(n) for n in numbers)
    return next((r for r in found if r is not None and has_sealed_pass(r)), None)


def is_waiting(scene: Scene) -> bool:
    """Whether going back waits for a deadline: until then any slot may be the one that is needed."""
    why = why_unhealthy(scene) or why_drifted(scene)
    found = go_back(scene, "health", why) if isinstance(why, str) else why
    return isinstance(found, Held) and found.keep_slots


def has_healthy_target(scene: Scene) -> bool:
    """Whether the live slot must be left for health, and an earlier one is up to take traffic."""
    why = why_unhealthy(scene)
    found = go_back(scene, "health", why) if isinstance(why, str) else None
    return isinstance(found, Choice) and is_up(scene.slot(found.target.slot))


def _earlier(scene: Scene, cause: Cause) -> Iterator[RevisionRecord]:
    """Revisions that were live before and may come back, newest first."""
    live = scene.live
    if live is None:
        return
    seen = {live.slot}
    for item in scene.fold.history:
        record = scene.revision(item.revision)
        same = cause == "drift" and item.digest == live.digest
        if item.slot in seen or same or scene.fold.refuses(item.digest, item.revision):
            continue
        seen.add(item.slot)
        if record is not None and has_sealed_pass(record):
            yield record


def _blocked(scene: Scene, why: str) -> Held:
    """Refused wins over availability: traffic stays, and the rows below go on."""
    if len({item.slot for item in scene.fold.history}) <= 1:
        message = f"{why}; there is no earlier model to go back to"
        return Held(reasons.NO_PREDECESSOR, message, stops=False, tells=False)
    message = f"{why}; every earlier model is refused, rejected or gone"
    return Held(reasons.ROLLBACK_BLOCKED, message, stops=False, tells=False)
