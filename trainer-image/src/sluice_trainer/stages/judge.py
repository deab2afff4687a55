"""judge: read the results of every item and the criteria, and give the verdict with its evidence.

No model and no GPU: a changed criterion is judged again in seconds. Never imports torch.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import chain
from typing import Any

from sluice_api import reasons
from sluice_api.common import UriDigest
from sluice_api.contracts.manifests import FileManifest
from sluice_api.contracts.reports import CriterionOutcome, JudgeResult, score_text
from sluice_api.contracts.requests import JudgeRequest, ScoredTarget
from sluice_api.errors import InputWrong
from sluice_store.files import fetch_folder, upload_folder
from sluice_trainer.context import Context, Output
from sluice_trainer.data.prompts import Item, PromptIndex
from sluice_trainer.data.rows import read_rows
from sluice_trainer.data.splitting import TRAIN, VALIDATION
from sluice_trainer.evals.contamination import Overlap, counts, overlap
from sluice_trainer.evals.criteria import Outcome
from sluice_trainer.evals.evidence import write_evidence
from sluice_trainer.evals.judging import Decision, decide
from sluice_trainer.evals.results import SuiteResults
from sluice_trainer.evals.stored import Evaluation
from sluice_trainer.evals.suites import Suite, fetch_pack, load_suite, preamble

_SIX_PLACES = Decimal("0.000001")


def run(request: JudgeRequest, ctx: Context) -> Output:
    """Load, judge, and leave the evidence."""
    suites = [load_suite(suite, ctx) for suite in request.suites]
    candidate, metrics = _results(request.candidate, suites, ctx, "candidate")
    baseline, baseline_metrics = (
        _results(request.baseline, suites, ctx, "baseline") if request.baseline else (None, {})
    )
    classes = {suite.name: len(suite.details.labels) or 2 for suite in suites}
    decision = decide(request, candidate, baseline, _overlaps(request, suites, ctx), classes)
    folder = ctx.work / "evidence"
    metrics = {"candidate": metrics, "baseline": baseline_metrics}
    write_evidence(folder, request, decision, candidate, baseline, metrics)
    manifest = upload_folder(ctx.store, folder, ctx.folder, {"verdict": decision.verdict.verdict})
    return Output(describe(decision, UriDigest(uri=ctx.folder, digest=manifest.digest)), manifest)


def _results(
    target: ScoredTarget, suites: Sequence[Suite], ctx: Context, side: str
) -> tuple[dict[str, SuiteResults], dict[str, Any]]:
    """Results of each suite that was evaluated, and the metrics of all for people."""
    store, key = ctx.open(target.results.uri)
    folder = ctx.work / side
    manifest = fetch_folder(store, key, target.results.digest, folder)
    _check_target(manifest, target, side)
    stored = Evaluation(folder, manifest.details)
    results = {
        suite.name: SuiteResults(
            name=suite.name,
            task=suite.details.task,
            items=stored.items(suite),
            asked=tuple(row.id for row in suite.rows),
            slices={row.id: row.slice for row in suite.rows if row.slice is not None},
            differs=stored.differs(suite),
        )
        for suite in suites
        if stored.holds(suite.name)
    }
    return results, stored.metrics()


def _check_target(manifest: FileManifest, target: ScoredTarget, side: str) -> None:
    scored = manifest.details.get("target")
    if scored != target.digest:
        raise InputWrong(
            reasons.ARTIFACT_DIGEST_MISMATCH,
            f"the results of the {side} are of {scored}, expected {target.digest}",
        )


def _overlaps(request: JudgeRequest, suites: Sequence[Suite], ctx: Context) -> list[Overlap]:
    """Items of each suite that stand in the training packs; nothing when no training pack is known."""
    if not request.training_packs:
        return []
    index = PromptIndex()
    for suite in suites:
        for row in suite.rows:
            index.add(Item(suite.name, row.id), row.prompt, preamble(suite.details))
    exact, near = set[Item](), set[Item]()
    for number, pack in enumerate(request.training_packs):
        folder = ctx.work / "training" / str(number)
        before = preamble(fetch_pack(pack, ctx, folder, (TRAIN, VALIDATION)))
        for row in chain.from_iterable(read_rows(folder, split) for split in (TRAIN, VALIDATION)):
            found = index.matches(row.messages, before)
            exact |= found.exact
            near |= found.near
    return [overlap(suite.name, [row.id for row in suite.rows], exact, near) for suite in suites]


def describe(decision: Decision, evidence: UriDigest) -> JudgeResult:
    """The report."""
    return JudgeResult(
        verdict=decision.verdict.verdict,
        reason=decision.verdict.reason.code,
        message=decision.verdict.message,
        outcomes=tuple(_outcome(outcome) for outcome in decision.outcomes),
        contamination=counts(decision.overlaps, decision.policies),
        evidence=evidence,
    )


def _outcome(outcome: Outcome) -> CriterionOutcome:
    return CriterionOutcome(
        verdict=outcome.verdict,
        reason=outcome.reason.code,
        value=_text(outcome.value),
        lower=_text(outcome.lower, ROUND_FLOOR),
        upper=_text(outcome.upper, ROUND_CEILING),
        items=outcome.units,
        items_to_decide=outcome.items_to_decide,
    )


def _text(value: float | None, rounding: str | None = None) -> str | None:
    """Six places. Bounds are rounded outwards, so that a shown bound never says more than the verdict."""
    if value is None:
        return None
    return score_text(float(Decimal(repr(value)).quantize(_SIX_PLACES, rounding)))
