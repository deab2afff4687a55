"""From candidate to verdict: evaluate the artifact, evaluate the baseline, judge, record."""

from dataclasses import dataclass, field
from itertools import chain

from sluice_api import reasons
from sluice_api.chat import TemplateArgument
from sluice_api.common import UriDigest
from sluice_api.contracts.reports import EvaluateResult
from sluice_api.contracts.requests import ArtifactTarget, EvaluateRequest, JudgeRequest, ScoredTarget
from sluice_api.records import VerdictRecord
from sluice_operator.children.jobs import Ask
from sluice_operator.facts import gate as facts
from sluice_operator.facts import suitechange
from sluice_operator.facts.cycles import cycle_of_baselines
from sluice_operator.facts.gate import Baseline, Policy
from sluice_operator.facts.live import live
from sluice_operator.facts.run import prepared
from sluice_operator.facts.suiteuse import SuiteUses, suite_uses
from sluice_operator.finished import RunFacts
from sluice_operator.model import JobView, Observed, Problem, Related
from sluice_operator.plans import status
from sluice_operator.plans.attempts import Advance, advance
from sluice_operator.plans.common import Platform
from sluice_operator.plans.draft import Draft, Stop, stop_of
from sluice_operator.plans.reach import unreachable
from sluice_operator.plans.sealing import Judgement, seal

RETRY_LIMIT = 3


@dataclass(frozen=True)
class Judged:
    """How one candidate stands."""

    run: RunFacts
    verdict: VerdictRecord | None = None
    stop: Stop | None = None
    steps: tuple[Advance, ...] = ()


@dataclass
class Judging:
    """What judging the candidates of one gate shares, within one call of the planner."""

    observed: Observed
    draft: Draft
    policy: Policy
    platform: Platform
    free: int = 0
    """Stages that may still be started."""
    steps: dict[str, Advance] = field(default_factory=dict)
    """Stages by request hash: a baseline is evaluated once for all candidates."""
    uses: SuiteUses = field(default_factory=SuiteUses)
    """Numbers of the candidates on each suite."""

    @property
    def shares(self) -> bool:
        """Whether all candidates on a suite share one error rate."""
        return self.policy.spec.confidence.across == "Suite"

    def advance(self, ask: Ask) -> Advance:
        """Bring a stage further. Only what runs holds a place: not what waits, or failed for good."""
        if ask.request_hash in self.steps:
            return self.steps[ask.request_hash]
        step = advance(self.observed, self.draft, ask, has_room=self.free > 0)
        self.free -= step.starts
        self.steps[ask.request_hash] = step
        return step


def _active(me: Related) -> list[JobView]:
    return [j for j in me.jobs if j.outcome == "Active"]


def judge_candidates(
    observed: Observed, draft: Draft, policy: Policy, platform: Platform
) -> tuple[Judged, ...]:
    """Judge the newest candidates, newest first, within maxParallel."""
    runs = facts.candidates(policy.spec, observed.me.resource.key, observed)
    newest = runs.newest_first[: facts.MOST_CANDIDATES]
    asked = chain.from_iterable(runs.made(digest)[:1] for digest in sorted(_wanted(observed)))
    busy = len(_active(observed.me))
    free = policy.spec.max_parallel - busy
    uses = suite_uses(facts.verdicts(observed.me))
    judging = Judging(observed, draft, policy, platform, free, uses=uses)
    return tuple(_judge(judging, run) for run in (*newest, *(r for r in asked if r not in newest)))


def _judge(judging: Judging, run: RunFacts) -> Judged:
    observed, policy = judging.observed, judging.policy
    sealed = _sealed(observed, policy, run)
    if sealed is not None:
        return Judged(run, sealed)
    against = facts.baseline(policy, run, observed.find)
    if isinstance(against, Problem):
        # Its evaluation goes on: it needs no baseline.
        judging.draft.asked.add(_ask_evaluate(judging, _target(run)).request_hash)
        return Judged(run, stop=stop_of(cycle_of_baselines(observed) or against))
    given = facts.verdict(observed.me, policy, run.artifact.digest, against.digest)
    if given is not None:
        return Judged(run, given)
    return _worn_out(judging, run) or _ask_verdict(judging, run, against)


def _worn_out(judging: Judging, run: RunFacts) -> Judged | None:
    """Where candidates share one error rate, whether not even a perfect one could pass with this number."""
    if not judging.shares:
        return None
    uses = judging.uses.of(judging.policy.suite_digests, run.artifact.digest)
    message = unreachable(judging.policy, {use.suite: use.candidate for use in uses})
    return Judged(run, stop=Stop("Stalled", reasons.GATE_UNREACHABLE, message)) if message else None


def _sealed(observed: Observed, policy: Policy, run: RunFacts) -> VerdictRecord | None:
    """Verdict of a run that needs no new one: what is live, or was passed by, is not judged again."""
    wanted = policy.spec.baseline
    deployment = wanted.deployment_ref if wanted else None
    related = observed.find("Deployment", deployment.name) if deployment else None
    now = live(related) if related else None
    if now is None:
        return None
    known = [
        v
        for v in facts.verdicts(observed.me)
        if v.digest == run.artifact.digest
        and v.criteria_hash == policy.criteria_hash
        and v.suite_digests == policy.suite_digests
    ]
    is_newer = run.artifact.completed_at >= _completed_at(observed, now.digest)
    if run.artifact.digest != now.digest and (is_newer or run.artifact.digest in _wanted(observed)):
        return None
    return known[0] if known else None


def _wanted(observed: Observed) -> set[str]:
    return facts.wanted_digests([u.resource for u in observed.users if u.resource.kind == "Deployment"])


def _completed_at(observed: Observed, digest: str) -> str:
    found = (v.completed_at for v in facts.verdicts(observed.me) if v.digest == digest)
    return next(found, "")


def _ask_verdict(judging: Judging, run: RunFacts, against: Baseline) -> Judged:
    mine = judging.advance(_ask_evaluate(judging, _target(run)))
    if mine.state != "Done":
        return _unfinished(run, mine)
    theirs = (
        judging.advance(_ask_evaluate(judging, against.target, against.template_arguments))
        if against.target
        else None
    )
    if theirs is not None and theirs.state != "Done":
        return _unfinished(run, theirs)
    packs = _training_packs(judging.observed, run)
    if isinstance(packs, Problem):
        return Judged(run, stop=stop_of(packs))
    others, digest = judging.uses.last, run.artifact.digest
    if judging.shares and others and not judging.uses.knows(judging.policy.suite_digests, digest):
        message = f"run {run.name} waits for the verdict about {others[:19]}: they share one error rate"
        return Judged(run, stop=Stop("Working", reasons.EVALUATING, message))
    request = _judge_request(judging, mine, theirs, against, packs)
    step = judging.advance(_ask(judging, "judge", request))
    if step.state != "Done":
        return _unfinished(run, step)
    return _seal(judging, run, against, mine, step)


def _target(run: RunFacts) -> UriDigest:
    return UriDigest(uri=run.artifact.uri, digest=run.artifact.digest)


def _unfinished(run: RunFacts, step: Advance) -> Judged:
    stop = status.stop_for(step)
    message = f"run {run.name}: {stop.message}"
    return Judged(run, stop=Stop(stop.state, stop.reason, message), steps=(step,))


def _ask(judging: Judging, stage: str, request: EvaluateRequest | JudgeRequest) -> Ask:
    return Ask(
        stage="judge" if stage == "judge" else "evaluate",
        request=request,
        profile=judging.platform.profile,
        storage=judging.platform.storage,
        retry_limit=RETRY_LIMIT,
    )


def _ask_evaluate(judging: Judging, target: UriDigest, arguments: tuple[TemplateArgument, ...] = ()) -> Ask:
    artifact = ArtifactTarget(uri=target.uri, digest=target.digest, template_arguments=arguments)
    request = EvaluateRequest(artifact=artifact, suites=judging.policy.suite_requests())
    return _ask(judging, "evaluate", request)


def _judge_request(
    judging: Judging, mine: Advance, theirs: Advance | None, against: Baseline, packs: tuple[UriDigest, ...]
) -> JudgeRequest:
    policy, scored = judging.policy, _scored(mine)
    return JudgeRequest(
        candidate=scored,
        baseline=_scored(theirs) if theirs else None,
        skip_comparing=against.skip,
        suites=policy.suite_requests(),
        criteria=policy.spec.criteria,
        contamination=policy.spec.contamination,
        near_contamination=policy.spec.near_policy,
        training_packs=packs,
        suite_uses=judging.uses.claim(policy.suite_digests, scored.digest) if judging.shares else (),
        on_inconclusive=policy.spec.on_inconclusive,
    )


def _scored(step: Advance) -> ScoredTarget:
    result = _evaluated(step)
    return ScoredTarget(digest=result.digest, results=result.results)


def _evaluated(step: Advance) -> EvaluateResult:
    if not isinstance(step.result, EvaluateResult):
        raise TypeError("an evaluation that is done holds its result")
    return step.result


def _training_packs(observed: Observed, run: RunFacts) -> tuple[UriDigest, ...] | Problem:
    """Packs that the run, and the runs that it started from, were trained on; these may be gone."""
    found: dict[str, UriDigest] = {}
    name: str | None = run.name
    seen: set[str] = set()
    while name is not None and name not in seen:
        seen.add(name)
        related = observed.find("TrainingRun", name)
        ready = prepared(related) if related else None
        if related is None or ready is None:
            message = f"TrainingRun {name} is not there; what it was trained on cannot be compared"
            return Problem(reasons.REFERENCE_NOT_FOUND, message)
        found[ready.dataset.digest] = ready.dataset
        parent = related.resource.spec.get("baseModel", {}).get("trainingRunRef")
        name = str(parent["name"]) if parent else None
    return tuple(found[d] for d in sorted(found))


def _seal(judging: Judging, run: RunFacts, against: Baseline, mine: Advance, step: Advance) -> Judged:
    uses = judging.uses.claim(judging.policy.suite_digests, run.artifact.digest)
    others = suitechange.since_live(judging.observed, judging.policy.suite_digests)
    about = Judgement(run, _evaluated(mine), against.digest, uses, others)
    value = seal(judging.observed.me.resource, judging.draft, judging.policy, about, step)
    return Judged(run, value, steps=(step,))
