"""What a pass may decide: a revision that should take traffic, or why nothing changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluice_api import reasons
from sluice_api.audit import Cause
from sluice_api.contracts.reports import ArtifactResult
from sluice_api.decisions import Request
from sluice_api.reasons import Reason
from sluice_api.records import RevisionRecord, VerdictRecord
from sluice_operator.children import serving
from sluice_operator.plans.draft import stamp
from sluice_operator.plans.promotion.scene import Scene


@dataclass(frozen=True)
class Choice:
    """A revision that should take traffic, and by which right."""

    target: RevisionRecord
    cause: Cause
    reason: Reason
    why: str
    request: Request | None = None
    """Request that asks for it."""
    recorded: bool = True
    """False: its revision record must be written first."""


@dataclass(frozen=True)
class Held:
    """Nothing should change, and why."""

    reason: Reason
    message: str
    wake_in: float | None = None
    keep_slots: bool = False
    """Slots must not be deleted now: a way back may need one."""
    stops: bool = True
    """False: the rows below are asked too."""
    is_final: bool = False
    """Waiting changes nothing: a request that meets it is spent."""
    tells: bool = True
    """False: nothing is held, and the status lists nothing."""


@dataclass(frozen=True)
class Wanted:
    """A digest that may go live: where its bytes are, who made it, and its Pass."""

    artifact: ArtifactResult
    run: str
    passed: VerdictRecord


def choose_digest(
    scene: Scene, wanted: Wanted, cause: Cause, reason: Reason, why: str, request: Request | None = None
) -> Choice | Held:
    """The revision of a digest under the profile as it stands now; a new one when there is none yet.

    Held when a slot could not hold what the gate judged.
    """
    template = scene.template(wanted.artifact)
    if (short := _too_short(template, wanted)) is not None:
        return short
    name = scene.slot_name(template)
    known = next((r for r in scene.revisions if r.slot == name), None)
    if known is not None:
        return Choice(known, cause, reason, why, request)
    fresh = RevisionRecord(
        revision=scene.next_revision,
        slot=name,
        run=wanted.run,
        gate=scene.spec.gate_ref.name,
        artifact=wanted.artifact,
        template=template,
        sealed_verdict=wanted.passed,
        cause=cause,
        created_at=stamp(scene.now),
    )
    return Choice(fresh, cause, reason, why, request, recorded=False)


def _too_short(template: Mapping[str, Any], wanted: Wanted) -> Held | None:
    """What is served must hold what was judged. A verdict of earlier versions does not tell its lengths."""
    length, judged = serving.served_length(template), wanted.passed.window_tokens
    if length is None or judged <= length:
        return None
    message = (
        f"run {wanted.run} was judged with prompts and answers of up to {judged} tokens, "
        f"and its slot would hold {length}; it cannot go live"
    )
    return Held(reasons.WINDOW_TOO_SMALL, message, stops=False)


def why_out(scene: Scene, target: RevisionRecord) -> str | None:
    """Why a revision may not go live by itself: it was rolled back, or tried in vain."""
    if scene.fold.refuses(target.artifact.digest, target.revision):
        return "it was rolled back"
    found = (r for r in scene.fold.rejected if r.revision == target.revision)
    return next((r.message for r in found), None)
