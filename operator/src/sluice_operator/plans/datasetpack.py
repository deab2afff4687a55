"""DatasetPack: honour_suspend -> check_locators -> checked_packs -> ensure_pack -> summarise."""

from sluice_api import reasons
from sluice_api.contracts.reports import PackResult
from sluice_api.contracts.requests import CheckedPack, PackRequest
from sluice_api.datasetpack import DatasetPackSpec, DatasetPackStatus
from sluice_operator.children.jobs import Ask
from sluice_operator.facts import damage
from sluice_operator.facts.pack import RETRY_LIMIT, PackFacts, pack_facts
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import EventNote, Observed, Plan
from sluice_operator.plans import common, status, sweep
from sluice_operator.plans.attempts import Advance, advance
from sluice_operator.plans.checkedpacks import checked_packs, contamination
from sluice_operator.plans.common import Platform
from sluice_operator.plans.draft import Conditions, Draft, Stop
from sluice_operator.plans.uris import whole

_LOOK_AGAIN = 30.0
"""Seconds until a missing ConfigMap is looked for again."""


def plan_dataset_pack(observed: Observed) -> Plan:
    """The Plan of a DatasetPack."""
    draft = Draft()
    spec = common.parse_spec(DatasetPackSpec, observed)
    if isinstance(spec, Stop):
        return _summarise(observed, draft, spec, None)
    common.clean_up(observed, draft, spec.ttl_seconds_after_finished)
    broken = common.unreadable_records(observed)
    if broken is not None:
        return _summarise(observed, draft, broken, None)
    facts = pack_facts(observed.me)
    if facts is not None:
        sweep.end_unasked(observed, draft)
        return _summarise(observed, draft, _packed(observed, facts), None)
    stop = common.over(observed, RETRY_LIMIT)
    stop = stop or common.honour_suspend(observed, draft, suspended=spec.suspend)
    ask = stop or _resolve(observed, draft, spec)
    if isinstance(ask, Stop):
        sweep.record_ended(observed, draft)
        return _summarise(observed, draft, ask, None)
    step = advance(observed, draft, ask)
    sweep.end_unasked(observed, draft)
    return _summarise(observed, draft, status.stop_for(step), step)


def _packed(observed: Observed, facts: PackFacts) -> Stop:
    """A pack is what it was when it was packed, until somebody finds that its bytes are not."""
    found = damage.found_by_users(observed, facts)
    if found is None:
        message = f"{facts.result.rows.accepted} rows under {facts.digest[:19]}{_contradictions(facts)}"
        return Stop("Ready", reasons.PACKED, message)
    return Stop("Failed", reasons.ARTIFACT_DIGEST_MISMATCH, found)


def _resolve(observed: Observed, draft: Draft, spec: DatasetPackSpec) -> Ask | Stop:
    """What to ask of the pack stage, or why nothing can be asked."""
    platform = common.resolve_platform(observed, spec.profile)
    if isinstance(platform, Stop):
        return platform
    unfit = _check_locators(observed, spec, platform) or _check_config_maps(observed, draft)
    against = unfit or checked_packs(observed, spec)
    return against if isinstance(against, Stop) else _ask(observed, spec, platform, against)


def _contradictions(facts: PackFacts) -> str:
    """A warning about rows that no model can have right; empty when there are none."""
    count = facts.result.contradictions
    if count is None:
        return ""
    return (
        f". No model can have {count.rows} of them right, because equal prompts have different answers, "
        f"first at {count.lines}"
    )


def _check_config_maps(observed: Observed, draft: Draft) -> Stop | None:
    """What the API server can tell needs no Job: it is asked again until all is there."""
    missing = sorted(observed.missing_sources)
    if not missing:
        return None
    draft.wake_in(_LOOK_AGAIN)
    namespace = observed.me.resource.meta.namespace
    message = f"spec.sources: {'; '.join(missing)}, in namespace {namespace}"
    return Stop("Stalled", reasons.REFERENCE_NOT_FOUND, message)


def _check_locators(observed: Observed, spec: DatasetPackSpec, platform: Platform) -> Stop | None:
    namespace = observed.me.resource.meta.namespace
    for source in spec.sources:
        s3 = source.locator.startswith("s3://")
        if s3 and not platform.storage.may_read(source.locator, namespace):
            allowed = ", ".join((f"{platform.storage.root(namespace)}/", *platform.storage.read_prefixes))
            message = f"source {source.name}: {source.locator} lies outside {allowed}"
            return Stop("Stalled", reasons.LOCATOR_NOT_ALLOWED, message)
    return None


def _ask(
    observed: Observed, spec: DatasetPackSpec, platform: Platform, against: tuple[CheckedPack, ...]
) -> Ask:
    lasting = all(s.sha256 is not None for s in spec.sources)
    request = PackRequest(
        sources=spec.sources,
        purpose=spec.purpose,
        task=spec.task,
        classification=spec.classification,
        cleaning=spec.cleaning,
        split=spec.split,
        validation=spec.validation,
        contamination_against=against,
        # A source without a digest of its own may have changed: a re-created pack reads it again.
        identity="" if lasting else observed.me.resource.meta.uid,
    )
    locators = (
        s.locator.removeprefix("configmap:") for s in spec.sources if s.locator.startswith("configmap:")
    )
    return Ask(
        stage="pack",
        request=request,
        profile=platform.profile,
        storage=platform.storage,
        retry_limit=RETRY_LIMIT,
        deadline_seconds=spec.active_deadline_seconds,
        configmaps=tuple(sorted({text.split("/")[0] for text in locators})),
    )


def _summarise(observed: Observed, draft: Draft, stop: Stop, step: Advance | None) -> Plan:
    conditions = Conditions(observed)
    conditions.add_standard(stop)
    conditions.add_bounded(stop)
    result = _result(observed, pack_facts(observed.me))
    value = DatasetPackStatus(
        digest=result.digest if result else None,
        manifest=whole(observed, result.manifest) if result and result.manifest else None,
        rows=result.rows if result else None,
        rejections=result.rejections if result else (),
        ignored_keys=result.ignored_keys if result else (),
        contamination=contamination(observed, result) if result else (),
        labels=result.labels if result else None,
        contradictions=result.contradictions if result else None,
        splits=result.splits if result else (),
        resolved=result.resolved if result else (),
        job=status.job_ref(step, "pack"),
    )
    draft.events += _events(stop, conditions, value)
    body = value.dump() | status.common(observed, stop, status.phase_word(stop, "Packing"))
    return draft.plan(body | {"conditions": conditions.dump()})


def _events(stop: Stop, conditions: Conditions, value: DatasetPackStatus) -> list[EventNote]:
    """What is new, with a warning when a new pack contradicts itself."""
    events = conditions.events()
    if events and value.contradictions is not None:
        events.append(EventNote(reasons.GOLD_CONTRADICTS, reasons.GOLD_CONTRADICTS.advise(stop.message)))
    return events


def _result(observed: Observed, facts: PackFacts | None) -> PackResult | None:
    """The finished pack, or the counts of the newest refused one."""
    if facts is not None:
        return facts.result
    told = [r.report for r in stage_records(observed.me, "pack") if r.report is not None]
    return PackResult.parse_open(told[-1]) if told else None
