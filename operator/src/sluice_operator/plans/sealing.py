"""The verdict of a judge stage as a record, bound to all digests that it speaks of."""

from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.contamination import ContaminationCounts
from sluice_api.contracts.reports import ContaminationLine, EvaluateResult, JudgeResult
from sluice_api.manycandidates import SuiteUse
from sluice_api.records import VerdictRecord
from sluice_operator.children import records
from sluice_operator.facts import suiteuse
from sluice_operator.facts.gate import Policy
from sluice_operator.finished import RunFacts
from sluice_operator.model import Create, Resource
from sluice_operator.plans.attempts import Advance
from sluice_operator.plans.draft import Draft

_MESSAGE = 1024
"""Most letters of a verdict's message."""


@dataclass(frozen=True)
class Judgement:
    """What a verdict is about: the run, its evaluation, its baseline, and its numbers on the suites."""

    run: RunFacts
    evaluated: EvaluateResult
    baseline_digest: str | None
    uses: tuple[SuiteUse, ...]
    other_suites: str
    """What is another suite than what is live was judged on, in words; empty when none is."""


def seal(owner: Resource, draft: Draft, policy: Policy, about: Judgement, step: Advance) -> VerdictRecord:
    """Write the record of a judge stage that is done."""
    value = _record(policy, about, step)
    manifest = records.record(owner, records.verdict_name(owner.meta.name, value), value)
    told = f"run {value.run}: {value.verdict}; {value.message}"
    draft.write(Create(manifest), reasons.named(value.reason), told)
    return value


def _record(policy: Policy, about: Judgement, step: Advance) -> VerdictRecord:
    result, run = step.result, about.run
    if not isinstance(result, JudgeResult):
        raise TypeError("a judgement that is done holds its result")
    return VerdictRecord(
        run=run.name,
        run_uid=run.uid,
        digest=run.artifact.digest,
        completed_at=run.artifact.completed_at,
        artifact=run.artifact,
        verdict=result.verdict,
        reason=result.reason,
        message=_message(result, policy, about),
        criteria_hash=policy.criteria_hash,
        suite_digests=policy.suite_digests,
        baseline_digest=about.baseline_digest,
        criteria=policy.spec.criteria,
        outcomes=result.outcomes,
        contamination=_counts(result.contamination),
        suite_uses=about.uses,
        evidence=result.evidence,
        results=about.evaluated.results,
        window_tokens=about.evaluated.window_tokens,
        evaluated_at=step.record.finished_at if step.record else "",
    )


def _message(result: JudgeResult, policy: Policy, about: Judgement) -> str:
    shares = policy.spec.confidence.across == "Suite"
    worn = suiteuse.words(about.uses, policy.spec.criteria, shared=shares)
    told = () if result.reason == reasons.SUITE_CONTAMINATED.code else _overlap(result.contamination)
    parts = [result.message + _cut(about.evaluated), *told, worn, *filter(None, [about.other_suites])]
    return "; ".join(parts)[:_MESSAGE]


def _cut(result: EvaluateResult) -> str:
    """What a verdict says about replies that were cut; empty when none was."""
    if not result.cut_replies:
        return ""
    return f" ({result.cut_replies} of {result.items} replies were cut at maxNewTokens)"


def _overlap(found: ContaminationLine | None) -> list[str]:
    """What was trained on."""
    if found is None:
        return []
    counts = {
        "excluded": found.excluded,
        "exactly in a training pack": found.exact,
        "nearly in a training pack": found.near,
    }
    return [f"{count:,} of {found.items:,} items {how}" for how, count in counts.items() if count]


def _counts(found: ContaminationLine | None) -> ContaminationCounts | None:
    if found is None:
        return None
    return ContaminationCounts(items=found.items, exact=found.exact, near=found.near, excluded=found.excluded)
