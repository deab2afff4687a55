"""Deployment: honour_suspend -> remove_slices -> trust_chain -> promotion -> watch_live -> keep_ledger ->
summarise."""

from sluice_api import reasons
from sluice_api.deployment import DeploymentSpec
from sluice_operator.model import Observed, Plan
from sluice_operator.plans import common, sweep
from sluice_operator.plans.deployment_status import summarise, summarise_stopped
from sluice_operator.plans.draft import Draft, Stop
from sluice_operator.plans.drift.watch import watch_live
from sluice_operator.plans.ledger.keep import keep_ledger
from sluice_operator.plans.ledger.trust import trust_chain
from sluice_operator.plans.promotion.elsewhere import remove_slices
from sluice_operator.plans.promotion.rows import run_rows
from sluice_operator.plans.promotion.scene import Scene
from sluice_operator.settings import ServingProfile

JOB_TTL_SECONDS = 3600
"""Verify Jobs are small and many; their records stay."""


def plan_deployment(observed: Observed) -> Plan:
    """The Plan of a Deployment (modeldeployments.sluice.dev)."""
    draft = Draft()
    scene = _set_scene(observed)
    if isinstance(scene, Stop):
        return summarise_stopped(observed, draft, scene)
    suspended = common.honour_suspend(observed, draft, suspended=scene.spec.suspend)
    if suspended is not None:
        common.clean_up(observed, draft, JOB_TTL_SECONDS)
        return summarise_stopped(observed, draft, suspended)
    remove_slices(observed, draft)
    if scene.lacks is not None and scene.head is None:
        # Nothing was decided yet, so there is nothing to repair and no way back.
        return summarise_stopped(observed, draft, scene.lacks)
    stopped = trust_chain(observed, draft)
    if stopped is not None:
        keep_ledger(observed, scene.platform, draft)
        return summarise_stopped(observed, draft, stopped)
    moved = run_rows(scene, draft)
    common.clean_up(observed, draft, JOB_TTL_SECONDS)
    if not draft.writes and scene.fold.intent is None and (moved.choice is None or draft.asked):
        sweep.end_unasked(observed, draft, frozenset({"verify"}))
    watched = watch_live(scene, draft)
    keep_ledger(observed, scene.platform, draft)
    return summarise(scene, draft, moved, watched)


def _set_scene(observed: Observed) -> Scene | Stop:
    spec = common.parse_spec(DeploymentSpec, observed)
    if isinstance(spec, Stop):
        return spec
    broken = common.unreadable_records(observed)
    if broken is not None:
        return broken
    # A profile that was taken away stops what is new; going back and repair need none.
    platform = common.resolve_platform(observed, spec.profile)
    return Scene(observed, spec, platform, _serving_profile(observed, spec))


def _serving_profile(observed: Observed, spec: DeploymentSpec) -> ServingProfile | Stop:
    namespace, name = observed.me.resource.meta.namespace, spec.serving.profile
    offered = [p.name for p in observed.settings.serving if p.allows(namespace)]
    listed = f"namespace {namespace} may use: {', '.join(offered) or 'none'}"
    profile = observed.settings.serving_profile(name)
    if profile is None:
        return Stop("Stalled", reasons.PROFILE_NOT_FOUND, f"spec.serving.profile is {name!r}; {listed}")
    if not profile.allows(namespace):
        return Stop("Stalled", reasons.PROFILE_NOT_ALLOWED, f"spec.serving.profile is {name!r}; {listed}")
    wrong = [a.name for a in spec.serving.arguments if a.name not in profile.allowed_arguments]
    if wrong:
        allowed = ", ".join(profile.allowed_arguments) or "none"
        message = f"spec.serving.arguments: {', '.join(wrong)}; profile {name} allows: {allowed}"
        return Stop("Stalled", reasons.ARGUMENT_NOT_ALLOWED, message)
    return profile
