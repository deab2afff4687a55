"""TrainingRun: honour_suspend -> resolve_refs -> prepare -> train -> package -> summarise.

Prepare adopts a finished artifact of the same fingerprint; then no train Job is made.
"""

from dataclasses import dataclass, replace

from sluice_api import reasons
from sluice_api.base import ApiModel
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import Stage
from sluice_api.contracts.reports import PrepareResult, TrainResult
from sluice_api.contracts.requests import BaseLocation, PackageRequest, PrepareRequest, TrainRequest
from sluice_api.trainingrun import TrainingRunSpec
from sluice_operator import capacity
from sluice_operator.children.jobs import Ask
from sluice_operator.facts.cycles import cycle_of_runs
from sluice_operator.facts.failures import not_ready
from sluice_operator.facts.pack import RETRY_LIMIT, PackFacts, pack_facts
from sluice_operator.facts.run import prepared, retry_limit, run_facts
from sluice_operator.facts.stages import stage_records
from sluice_operator.finished import RunFacts
from sluice_operator.model import Observed, Plan
from sluice_operator.plans import common, status, sweep
from sluice_operator.plans.attempts import Advance, advance
from sluice_operator.plans.common import Platform
from sluice_operator.plans.draft import Draft, Stop, stop_of
from sluice_operator.plans.trainingrun_status import summarise


@dataclass(frozen=True)
class Resolved:
    """What the run's references lead to now."""

    platform: Platform
    pack: PackFacts
    base: BaseLocation


def plan_training_run(observed: Observed) -> Plan:
    """The Plan of a TrainingRun."""
    draft = Draft()
    spec = common.parse_spec(TrainingRunSpec, observed)
    if isinstance(spec, Stop):
        return summarise(observed, draft, spec, None)
    common.clean_up(observed, draft, spec.ttl_seconds_after_finished)
    broken = common.unreadable_records(observed)
    if broken is not None:
        return summarise(observed, draft, broken, None)
    made = run_facts(observed.me)
    if made is not None:
        sweep.end_unasked(observed, draft)
        return summarise(observed, draft, _finished(made), None)
    stop = common.over(observed, spec.retry.limit)
    stop = stop or common.honour_suspend(observed, draft, suspended=spec.suspend)
    resolved = stop or _resolve_refs(observed, spec)
    if isinstance(resolved, Stop):
        sweep.record_ended(observed, draft)
        return summarise(observed, draft, resolved, None)
    step = _advance_stages(observed, draft, spec, resolved)
    sweep.end_unasked(observed, draft)
    return summarise(observed, draft, status.stop_for(step), step)


def _finished(made: RunFacts) -> Stop:
    digest = made.artifact.digest[:19]
    if made.adopted:
        return Stop("Ready", reasons.ADOPTED, f"adopted artifact {digest} of the same experiment")
    return Stop("Ready", reasons.TRAINED, f"made artifact {digest}")


def _resolve_refs(observed: Observed, spec: TrainingRunSpec) -> Resolved | Stop:
    platform = common.resolve_platform(observed, spec.profile, loads_models=True)
    if isinstance(platform, Stop):
        return platform
    pack = _resolve_pack(observed, spec)
    if isinstance(pack, Stop):
        return pack
    base = _resolve_base(observed, spec, platform)
    if isinstance(base, Stop):
        return base
    return Resolved(platform, pack, base)


def _resolve_pack(observed: Observed, spec: TrainingRunSpec) -> PackFacts | Stop:
    name = spec.dataset_ref.name
    related = observed.find("DatasetPack", name)
    if related is None:
        message = f"spec.datasetRef: DatasetPack {name} does not exist"
        return Stop("Stalled", reasons.REFERENCE_NOT_FOUND, message)
    facts = pack_facts(related)
    if facts is None:
        return stop_of(not_ready(related, RETRY_LIMIT, "spec.datasetRef:"))
    if facts.purpose != "Train":
        message = f"spec.datasetRef: DatasetPack {name} has purpose {facts.purpose}; a run needs Train"
        return Stop("Stalled", reasons.REFERENCE_UNUSABLE, message)
    return facts


def _resolve_base(observed: Observed, spec: TrainingRunSpec, platform: Platform) -> BaseLocation | Stop:
    s3, ref = spec.base_model.s3, spec.base_model.training_run_ref
    namespace = observed.me.resource.meta.namespace
    if s3 is not None:
        if platform.storage.may_read(s3.uri, namespace):
            return BaseLocation(uri=s3.uri, digest=s3.digest)
        allowed = ", ".join((f"{platform.storage.root(namespace)}/", *platform.storage.read_prefixes))
        message = f"spec.baseModel.s3.uri: {s3.uri} lies outside {allowed}"
        return Stop("Stalled", reasons.LOCATOR_NOT_ALLOWED, message)
    name = ref.name if ref else ""
    related = observed.find("TrainingRun", name)
    if related is None:
        message = f"spec.baseModel.trainingRunRef: TrainingRun {name} does not exist"
        return Stop("Stalled", reasons.REFERENCE_NOT_FOUND, message)
    made = run_facts(related)
    if made is None:
        round_trip = cycle_of_runs(observed)
        missing = not_ready(related, retry_limit(related), "spec.baseModel.trainingRunRef:")
        return stop_of(round_trip or missing)
    return BaseLocation(uri=made.artifact.uri, digest=made.artifact.digest)


def _advance_stages(observed: Observed, draft: Draft, spec: TrainingRunSpec, resolved: Resolved) -> Advance:
    """Prepare, train, package: each waits for the one before."""
    ready = prepared(observed.me)
    if ready is None:
        return advance(observed, draft, _ask_prepare(observed, spec, resolved))
    step = advance(observed, draft, _ask_train(observed, spec, resolved, ready))
    if step.state != "Done" or not isinstance(step.result, TrainResult):
        return step
    return advance(observed, draft, _ask_package(spec, resolved, ready, step.result))


def _ask_prepare(observed: Observed, spec: TrainingRunSpec, resolved: Resolved) -> Ask:
    uid = observed.me.resource.meta.uid
    profile = resolved.platform.profile
    request = PrepareRequest(
        dataset=UriDigest(uri=resolved.pack.manifest.uri, digest=resolved.pack.digest),
        base=resolved.base,
        method=spec.method,
        adapter=spec.adapter,
        template_arguments=spec.chat.template_arguments,
        hyperparameters=spec.hyperparameters,
        device=capacity.device(profile),
        device_memory_bytes=capacity.device_memory(profile),
        limits=capacity.limits(profile),
        preflight=spec.preflight.mode,
        salt=uid if spec.rerun_policy == "Always" else "",
        identity=uid,
    )
    return _ask("prepare", request, spec, resolved)


def _ask_train(observed: Observed, spec: TrainingRunSpec, resolved: Resolved, ready: PrepareResult) -> Ask:
    if ready.tokens is None:
        raise ValueError("prepare reported neither an artifact nor tokens")
    asked = spec.hyperparameters.micro_batch_size
    ooms = sum(r.reason == reasons.OUT_OF_MEMORY.code for r in stage_records(observed.me, "train"))
    micro = _smaller(asked, ooms)
    request = TrainRequest(
        fingerprint=ready.fingerprint,
        tokens=ready.tokens,
        base=ready.base,
        method=spec.method,
        adapter=spec.adapter,
        hyperparameters=spec.hyperparameters.model_copy(update={"micro_batch_size": micro}),
        checkpoint=spec.checkpoint,
        total_steps=ready.total_steps,
        device=capacity.device(resolved.platform.profile),
    )
    ask = _ask("train", request, spec, resolved)
    if micro == asked:
        return ask
    return replace(ask, variant=f"microBatchSize {micro}, because {asked} took too much memory")


def _smaller(micro_batch_size: int, ooms: int) -> int:
    """The next smaller divisor, half as a rule, for each time that memory ran out; the result stays."""
    for _ in range(ooms):
        divisors = [d for d in range(1, micro_batch_size) if micro_batch_size % d == 0]
        micro_batch_size = divisors[-1] if divisors else 1
    return micro_batch_size


def _ask_package(
    spec: TrainingRunSpec, resolved: Resolved, ready: PrepareResult, trained: TrainResult
) -> Ask:
    request = PackageRequest(
        fingerprint=ready.fingerprint,
        weights=trained.weights,
        base=ready.base,
        dataset=ready.dataset,
        method=spec.method,
        adapter=spec.adapter,
        template_arguments=spec.chat.template_arguments,
    )
    return _ask("package", request, spec, resolved)


def _ask(stage: Stage, request: ApiModel, spec: TrainingRunSpec, resolved: Resolved) -> Ask:
    return Ask(
        stage=stage,
        request=request,
        profile=resolved.platform.profile,
        storage=resolved.platform.storage,
        retry_limit=spec.retry.limit,
        deadline_seconds=spec.active_deadline_seconds,
        share_budget=True,
    )
