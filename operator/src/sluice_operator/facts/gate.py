"""What a gate demands now, what its candidates are, and which verdicts it gave."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.chat import TemplateArgument
from sluice_api.common import UriDigest
from sluice_api.contracts.requests import SuiteRequest
from sluice_api.decisions import ANNOTATIONS
from sluice_api.decoding import default_generation
from sluice_api.evalgate import Baseline as BaselineSpec
from sluice_api.evalgate import EvalGateSpec, Suite, SuiteDigest
from sluice_api.identity import criteria_hash
from sluice_api.records import ApprovalRecord, VerdictRecord
from sluice_operator import raw
from sluice_operator.children.records import verdict_name
from sluice_operator.facts import failures
from sluice_operator.facts.failures import not_ready
from sluice_operator.facts.live import live, revision
from sluice_operator.facts.pack import RETRY_LIMIT, PackFacts, pack_facts
from sluice_operator.facts.run import retry_limit, run_facts
from sluice_operator.finished import FinishedRuns, RunFacts
from sluice_operator.model import Key, Observed, Problem, Related, Resource, ResourceKind

Find = Callable[[ResourceKind, str], Related | None]
MOST_CANDIDATES = 10
INVALID = "its spec is invalid; its condition Stalled names the fields"


@dataclass(frozen=True)
class Policy:
    """What a gate demands now: criteria and suites by their digests."""

    spec: EvalGateSpec
    criteria_hash: str
    packs: Mapping[str, PackFacts]
    """Finished evaluation packs by the name of their suite."""

    @property
    def suite_digests(self) -> tuple[SuiteDigest, ...]:
        """Digests of the suites, in the order of the spec."""
        return tuple(SuiteDigest(suite=s.name, digest=self.packs[s.name].digest) for s in self.spec.suites)

    @property
    def compares(self) -> bool:
        """Whether a criterion needs a baseline."""
        return any(c.compare == "DeltaToBaseline" for c in self.spec.criteria)

    def items(self, suite: str) -> int:
        """Items of a suite."""
        most = next((s.max_samples for s in self.spec.suites if s.name == suite), None)
        rows = self.packs[suite].rows("eval")
        return rows if most is None else min(rows, most)

    def contradicting(self, suite: str, metric: str) -> int:
        """Items of a suite that no candidate can have right, at the least.

        A sample may leave such rows out, and so may Exclude.
        """
        spec, pack = self.spec, self.packs[suite]
        if "Exclude" in (spec.contamination, spec.near_policy):
            return 0
        return max(0, pack.contradicting(metric) - (pack.rows("eval") - self.items(suite)))

    def _longest_answer(self, suite: str) -> int:
        return self.packs[suite].result.longest_answer_tokens

    def suite_requests(self) -> tuple[SuiteRequest, ...]:
        """Suites as the stages are asked about them."""
        return tuple(
            SuiteRequest(
                name=s.name,
                dataset=UriDigest(uri=self.packs[s.name].manifest.uri, digest=self.packs[s.name].digest),
                max_samples=s.max_samples,
                seed=s.seed or 0,
                generation=s.generation or default_generation(self._longest_answer(s.name)),
            )
            for s in self.spec.suites
        )


def policy(spec: EvalGateSpec, find: Find) -> Policy | Problem:
    """The policy with its suites resolved, or what is missing."""
    packs: dict[str, PackFacts] = {}
    for suite in spec.suites:
        found = _suite_pack(suite, find)
        if isinstance(found, Problem):
            return found
        packs[suite.name] = found
    return Policy(spec, criteria_hash(spec), packs)


def _suite_pack(suite: Suite, find: Find) -> PackFacts | Problem:
    name = suite.dataset_ref.name
    related = find("DatasetPack", name)
    if related is None:
        return Problem(reasons.REFERENCE_NOT_FOUND, f"spec.suites: DatasetPack {name} does not exist")
    facts = pack_facts(related)
    if facts is None:
        return not_ready(related, RETRY_LIMIT, "spec.suites:")
    if facts.purpose != "Evaluation":
        message = f"spec.suites: DatasetPack {name} has purpose {facts.purpose}; a suite needs Evaluation"
        return Problem(reasons.REFERENCE_UNUSABLE, message)
    if suite.digest not in (None, facts.digest):
        pinned = f"spec.suites: suite {suite.name} is pinned to {suite.digest}"
        message = f"{pinned}; DatasetPack {name} has {facts.digest}"
        return Problem(reasons.SUITE_CHANGED, message)
    return facts


def wanted_digests(deployments: Collection[Resource]) -> set[str]:
    """Digests that people want live, however old: they are pinned, or a promote names them."""
    found = {raw.text(d.spec, "promotion", "pin") for d in deployments}
    asked = (d.meta.annotations.get(ANNOTATIONS["promote"], "") for d in deployments)
    return (found | {text.partition(" ")[0] for text in asked}) - {""}


def candidates(spec: EvalGateSpec, gate: Key, observed: Observed) -> FinishedRuns:
    """Finished runs that the gate selects, newest artifact first; adoption keeps an artifact's time."""
    named = spec.candidates.training_run_ref
    if named is None:
        return observed.finished.get(gate, FinishedRuns())
    related = observed.find("TrainingRun", named.name)
    facts = run_facts(related) if related else None
    return FinishedRuns.of(facts) if facts else FinishedRuns()


@dataclass(frozen=True)
class Baseline:
    """What a candidate is compared with. No target and no skip: no criterion compares."""

    target: UriDigest | None = None
    skip: bool = False
    template_arguments: tuple[TemplateArgument, ...] = ()
    """Arguments with which a base model is asked: those that the candidate's artifact holds."""

    @property
    def digest(self) -> str | None:
        """Digest of the baseline."""
        return self.target.digest if self.target else None


def baseline(gate: Policy, candidate: RunFacts, find: Find) -> Baseline | Problem:
    """What this candidate is compared with now."""
    wanted = gate.spec.baseline
    if wanted is None or not gate.compares:
        return Baseline()
    if wanted.training_run_ref is not None:
        return _run_baseline(wanted.training_run_ref.name, find)
    if wanted.deployment_ref is None:
        return Baseline(candidate.base, template_arguments=candidate.template_arguments)
    target = _live_artifact(find("Deployment", wanted.deployment_ref.name))
    if target is not None:
        # What is live is never compared with itself: its comparing criteria stand sealed in its revision.
        return Baseline(skip=True) if target.digest == candidate.artifact.digest else Baseline(target)
    return _absent_baseline(wanted, candidate)


def _absent_baseline(wanted: BaselineSpec, candidate: RunFacts) -> Baseline | Problem:
    """Nothing is live yet: the gate says what then."""
    if wanted.when_absent == "BaseModel":
        return Baseline(candidate.base, template_arguments=candidate.template_arguments)
    if wanted.when_absent == "Skip":
        return Baseline(skip=True)
    name = wanted.deployment_ref.name if wanted.deployment_ref else ""
    message = f"Deployment {name} serves nothing yet and whenAbsent is Hold"
    return Problem(reasons.BASELINE_MISSING, message)


def _run_baseline(name: str, find: Find) -> Baseline | Problem:
    related = find("TrainingRun", name)
    facts = run_facts(related) if related else None
    if facts is None:
        message = f"spec.baseline.trainingRunRef: TrainingRun {name} has no artifact yet"
        ended = failures.over(related, retry_limit(related)) if related else None
        if ended is None:
            return Problem(reasons.BASELINE_MISSING, message)
        told = f"{message}, and failed ({ended.reason.camel}): {ended.message}"
        return Problem(reasons.REFERENCE_FAILED, told)
    return Baseline(UriDigest(uri=facts.artifact.uri, digest=facts.artifact.digest))


def _live_artifact(related: Related | None) -> UriDigest | None:
    now = live(related) if related else None
    if related is None or now is None:
        return None
    record = revision(related, now.revision)
    return UriDigest(uri=record.artifact.uri, digest=record.artifact.digest) if record else None


def verdicts(related: Related) -> tuple[VerdictRecord, ...]:
    """All verdicts of a gate, newest first."""
    found = [r.record for r in related.records if isinstance(r.record, VerdictRecord)]
    return tuple(sorted(found, key=lambda v: (v.completed_at, v.evaluated_at), reverse=True))


def verdict(related: Related, gate: Policy, digest: str, baseline_digest: str | None) -> VerdictRecord | None:
    """The verdict about a digest under exactly this policy, these suites and this baseline."""
    for found in verdicts(related):
        same_policy = found.criteria_hash == gate.criteria_hash and found.suite_digests == gate.suite_digests
        if found.digest == digest and same_policy and found.baseline_digest == baseline_digest:
            return found
    return None


def approval(related: Related, given: VerdictRecord) -> ApprovalRecord | None:
    """Who let exactly this verdict through; None: nobody yet. Whether anybody must is the gate's spec."""
    name = verdict_name(related.resource.meta.name, given)
    found = (r.record for r in related.records if isinstance(r.record, ApprovalRecord))
    return next((r for r in found if (r.verdict, r.digest) == (name, given.digest)), None)
