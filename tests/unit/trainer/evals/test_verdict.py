"""Criteria and gate: what passes, what fails, what stays open, and that absence never passes."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from sluice_api import reasons
from sluice_api.contracts.reports import ContaminationLine as Tally
from sluice_api.contracts.requests import JudgeRequest
from sluice_api.evalgate import Criterion
from sluice_trainer.evals.contamination import Overlap, counts
from sluice_trainer.evals.criteria import judge
from sluice_trainer.evals.intervals import Proportion
from sluice_trainer.evals.judging import Decision, decide
from sluice_trainer.evals.measure import Absent, measure
from sluice_trainer.evals.results import SuiteResults
from support.evalitems import demand, labelled, results, right_and_wrong, scored

DIGEST = "sha256:" + "a" * 64
PAIRED = {"compare": "DeltaToBaseline"}


def request(*criteria: dict[str, Any], **fields: Any) -> JudgeRequest:
    base = {"suite": "triage", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8"}
    place = {"uri": "somewhere", "digest": DIGEST}
    return JudgeRequest.parse(
        {
            "candidate": {"digest": DIGEST, "results": place},
            "suites": [{"name": "triage", "dataset": place}],
            "criteria": [{**base, **criterion} for criterion in criteria],
            **fields,
        }
    )


def decided(
    asked: JudgeRequest,
    candidate: SuiteResults | None,
    baseline: SuiteResults | None = None,
    overlaps: tuple[Overlap, ...] = (),
) -> Decision:
    ours = {"triage": candidate} if candidate else {}
    return decide(asked, ours, {"triage": baseline} if baseline else None, overlaps, {"triage": 2})


def told(decision: Decision) -> tuple[str, str]:
    return decision.verdict.verdict, decision.verdict.reason.code


IDS = tuple(f"item-{n}" for n in range(200))
GOOD, FAIR, BAD = (results(right_and_wrong(n, 200 - n)) for n in (190, 165, 120))


@pytest.mark.parametrize(
    ("suite", "verdict", "reason"),
    [
        (GOOD, "Pass", "passed"),
        (FAIR, "Inconclusive", "inconclusive"),
        (BAD, "Fail", "criterion_failed"),
    ],
)
def test_a_bound_decides(suite: SuiteResults, verdict: str, reason: str) -> None:
    assert told(decided(request({}), suite)) == (verdict, reason)


def test_E26_above_the_threshold_but_not_proven_is_inconclusive() -> None:
    outcome = decided(request({}), FAIR).outcomes[0]
    assert outcome.value is not None
    assert outcome.lower is not None
    assert outcome.value > 0.8 > outcome.lower
    assert (outcome.verdict, outcome.reason) == ("Inconclusive", reasons.INCONCLUSIVE)
    assert f"about {outcome.items_to_decide} would decide" in outcome.message


def test_at_most_is_the_mirror() -> None:
    ceiling = {"metric": "unparseable_rate", "operator": "LessOrEqual", "value": "0.05"}
    clear = results(labelled([("x", "x")] * 200))
    mute = results(labelled([("x", None)] * 40 + [("x", "x")] * 160))
    assert told(decided(request(ceiling), clear)) == ("Pass", "passed")
    assert told(decided(request(ceiling), mute)) == ("Fail", "criterion_failed")


@pytest.mark.parametrize(
    ("operator", "right", "verdict"),
    [
        ("GreaterOrEqual", 160, "Pass"),
        ("GreaterOrEqual", 159, "Fail"),
        ("LessOrEqual", 160, "Pass"),
        ("LessOrEqual", 161, "Fail"),
    ],
)
def test_E20_confidence_zero_compares_the_point_and_says_so(operator: str, right: int, verdict: str) -> None:
    suite = results(right_and_wrong(right, 200 - right))
    decision = decided(request({"operator": operator, "confidencePercent": 0}), suite)
    assert decision.verdict.verdict == verdict
    assert "point estimate" in decision.outcomes[0].message


WORST = {"slice": "Worst", "value": "0.7"}


def sliced(**parts: tuple[int, int]) -> SuiteResults:
    """Right and wrong items of each slice."""
    pairs = [("yes", found) for r, w in parts.values() for found in ["yes"] * r + ["no"] * w]
    names = [name for name, (right, wrong) in parts.items() for _ in range(right + wrong)]
    items = labelled(pairs)
    return results(items, slices={item.id: name for item, name in zip(items, names, strict=True)})


@pytest.mark.parametrize(("bad", "verdict"), [((0, 29), "Pass"), ((0, 30), "Fail")])
def test_E20_a_slice_below_min_support_is_ignored_and_named_and_at_it_counts(
    bad: tuple[int, int], verdict: str
) -> None:
    decision = decided(request({"value": "0.5"}, WORST), sliced(de=(150, 0), fr=bad))
    assert decision.verdict.verdict == verdict
    told_of_slices = decision.outcomes[1].message
    assert ("too few items to look at: fr (29)" in told_of_slices) == (verdict == "Pass")
    assert f"the worst of {1 if verdict == 'Pass' else 2} slices is " in told_of_slices
    assert "is no proof that all reach it" in told_of_slices


@pytest.mark.parametrize(
    ("operator", "right", "verdict"),
    [
        ("GreaterOrEqual", 28, "Pass"),
        ("GreaterOrEqual", 27, "Fail"),
        ("LessOrEqual", 28, "Pass"),
        ("LessOrEqual", 29, "Fail"),
    ],
)
def test_E20_the_worst_slice_at_the_border_by_its_point(operator: str, right: int, verdict: str) -> None:
    other = (40, 0) if operator == "GreaterOrEqual" else (0, 40)
    worst = {**WORST, "operator": operator, "confidencePercent": 0}
    outcome = decided(request({}, worst), sliced(a=(right, 40 - right), b=other)).outcomes[1]
    assert (outcome.verdict, outcome.value, outcome.units) == (verdict, right / 40, 40)


def test_E20_a_slice_fails_only_by_proof_shared_among_the_slices() -> None:
    alone = sliced(a=(14, 16), good=(120, 0))
    crowd = sliced(a=(14, 16), good=(120, 0), **{f"s{n}": (30, 0) for n in range(8)})
    asked = request({"value": "0.5"}, {**WORST, "value": "0.7"})
    assert [decided(asked, suite).outcomes[1].verdict for suite in (alone, crowd)] == ["Fail", "Pass"]


def test_E20_the_worst_slice_is_compared_with_the_baseline_on_its_own_items() -> None:
    ours, theirs = sliced(a=(10, 30), b=(110, 0)), sliced(a=(40, 0), b=(70, 40))
    decision = decided(request({"value": "0.5"}, {**WORST, "value": "-0.1", **PAIRED}), ours, theirs)
    assert (decision.outcomes[1].verdict, decision.outcomes[1].value) == ("Fail", -0.75)


@pytest.mark.parametrize(
    ("suite", "reason"),
    [
        (results(right_and_wrong(200, 0)), "slice_missing"),
        (sliced(a=(29, 0), b=(29, 0)), "support_too_small"),
        (sliced(**{f"s{n}": (30, 0) for n in range(101)}), "too_many_slices"),
    ],
)
def test_E20_no_slice_to_look_at_is_no_pass(suite: SuiteResults, reason: str) -> None:
    decision = decided(request({"value": "0.5", "minSupport": 1}, WORST), suite)
    assert told(decision) == ("Inconclusive", reason)


def test_a_hundred_slices_are_judged_and_ten_ignored_ones_named() -> None:
    parts = {f"s{n}": (30, 0) for n in range(100)} | {f"small{n}": (1, 0) for n in range(20)}
    decision = decided(request({"value": "0.5"}, WORST), sliced(**parts))
    assert decision.outcomes[1].verdict == "Pass"
    assert "and 10 more" in decision.outcomes[1].message


def test_E20_slices_alone_prove_nothing() -> None:
    assert told(decided(request(WORST), sliced(a=(100, 0)))) == ("Inconclusive", "no_criteria")


def test_a_small_suite_decides_nothing() -> None:
    decision = decided(request({}), results(right_and_wrong(0, 99)))
    assert told(decision) == ("Inconclusive", "support_too_small")
    assert decision.outcomes[0].items_to_decide == 100
    assert told(decided(request({}), results(right_and_wrong(0, 100)))) == ("Fail", "criterion_failed")


def test_groups_are_the_support() -> None:
    grouped = results(labelled([("x", "x")] * 400, [f"g{n % 50}" for n in range(400)]))
    assert told(decided(request({}), grouped)) == ("Inconclusive", "support_too_small")


def test_a_comparison_is_paired() -> None:
    worse = results(right_and_wrong(100, 100))
    assert told(decided(request({"value": "0.2", **PAIRED}), GOOD, worse)) == ("Pass", "passed")
    assert told(decided(request({"value": "-0.02", **PAIRED}), worse, GOOD)) == ("Fail", "criterion_failed")
    assert told(decided(request({"value": "-0.02", **PAIRED}), GOOD, GOOD)) == ("Pass", "passed")
    small = results(right_and_wrong(170, 5))
    assert told(decided(request({"value": "-0.02", **PAIRED}), small, small))[0] == "Inconclusive"


def test_without_a_baseline_a_comparison_is_no_pass() -> None:
    asked = request({"value": "0.2", **PAIRED})
    assert told(decided(asked, GOOD)) == ("Inconclusive", "baseline_missing")


def test_a_skipped_comparison_counts_for_nothing() -> None:
    both = request({}, {"value": "0.2", **PAIRED}, skipComparing=True)
    decision = decided(both, GOOD)
    assert told(decision) == ("Pass", "passed")
    assert decision.outcomes[1].reason is reasons.COMPARISON_SKIPPED
    alone = request({"value": "0.2", **PAIRED}, skipComparing=True)
    assert told(decided(alone, GOOD)) == ("Inconclusive", "no_criteria")


def test_advisory_criteria_are_shown_and_never_block() -> None:
    strict = {"value": "0.99", "mode": "Advisory"}
    decision = decided(request({}, strict), GOOD)
    assert told(decision) == ("Pass", "passed")
    assert decision.outcomes[1].verdict == "Fail"
    assert told(decided(request({"mode": "Advisory"}), GOOD)) == ("Inconclusive", "no_criteria")


def test_one_failure_outweighs_everything_that_is_open() -> None:
    decision = decided(request({"value": "0.96"}, {"value": "0.99"}, {"value": "0.8"}), GOOD)
    assert [o.verdict for o in decision.outcomes] == ["Inconclusive", "Fail", "Pass"]
    assert told(decision) == ("Fail", "criterion_failed")


def test_holm_corrects_failing_only() -> None:
    alone = judge([demand(value="0.8")], [Proportion(150, 200)], {})
    five = judge([demand(value="0.8")] * 5, [Proportion(150, 200), *[Proportion(160, 200)] * 4], {})
    assert (alone[0].verdict, five[0].verdict) == ("Fail", "Inconclusive")
    assert five[0].upper == alone[0].upper
    assert "Holm" in five[0].message
    assert five[0].fail_confidence == pytest.approx(1 - 0.05 / 5)


def test_holm_steps_down() -> None:
    outcomes = judge([demand(value="0.8")] * 2, [Proportion(100, 200), Proportion(150, 200)], {})
    assert [o.verdict for o in outcomes] == ["Fail", "Fail"]
    assert [o.fail_confidence for o in outcomes] == [pytest.approx(0.975), pytest.approx(0.95)]


def test_advisory_and_absent_criteria_do_not_weaken_the_others() -> None:
    crowd = [demand(mode="Advisory")] * 3 + [demand(metric="f1")]
    measured = [Proportion(150, 200)] * 3 + [Absent(reasons.METRIC_MISSING, "none")]
    outcomes = judge([demand(), *crowd], [Proportion(150, 200), *measured], {})
    assert outcomes[0].fail_confidence == 0.95


def test_on_inconclusive_fail_rejects_what_is_open() -> None:
    decision = decided(request({}, onInconclusive="Fail"), FAIR)
    assert told(decision) == ("Fail", "inconclusive")
    assert decision.outcomes[0].verdict == "Inconclusive"
    assert told(decided(request(onInconclusive="Fail"), GOOD)) == ("Fail", "no_criteria")


def test_shared_prompts_block_or_are_counted() -> None:
    shared = (Overlap("triage", 200, ("item-7",), ("item-8", "item-9")),)
    blocked = decided(request({}), GOOD, overlaps=shared)
    assert told(blocked) == ("Fail", "suite_contaminated")
    assert "1 of 200 prompts of suite triage" in blocked.verdict.message
    counted = decided(request({}, contamination="Report"), GOOD, overlaps=shared)
    assert told(counted) == ("Pass", "passed")
    assert counts(counted.overlaps, counted.policies) == Tally(items=200, exact=1, near=2)
    strict = decided(request({}, nearContamination="Block"), GOOD, overlaps=shared)
    assert "3 of 200 prompts of suite triage" in strict.verdict.message


EXCLUDE = {"contamination": "Exclude", "nearContamination": "Exclude"}


def test_excluded_items_leave_candidate_and_baseline_alike() -> None:
    """30 items that only the candidate knows by heart: without them it is as good as the baseline."""
    ours, theirs = (results(right_and_wrong(n, 200 - n)) for n in (200, 170))
    learned = (Overlap("triage", 200, IDS[170:190], IDS[190:]),)
    better = {"value": "0.05", **PAIRED}
    assert told(decided(request(better), ours, theirs)) == ("Pass", "passed")
    decision = decided(request(better, **EXCLUDE), ours, theirs, learned)
    outcome = decision.outcomes[0]
    assert (outcome.value, outcome.units, outcome.verdict) == (0.0, 170, "Fail")
    assert counts(decision.overlaps, decision.policies) == Tally(items=200, exact=20, near=10, excluded=30)
    exact_only = decided(request(better, **{**EXCLUDE, "nearContamination": "Report"}), ours, theirs, learned)
    assert exact_only.outcomes[0].units == 180


def test_support_and_reach_are_of_the_items_that_are_left() -> None:
    all_but_99 = (Overlap("triage", 200, IDS[99:]),)
    small = decided(request({}, **EXCLUDE), GOOD, overlaps=all_but_99)
    assert told(small) == ("Inconclusive", "support_too_small")
    high = {"value": "0.98", "minSupport": 100}
    perfect = results(right_and_wrong(200, 0))
    assert told(decided(request(high), perfect)) == ("Pass", "passed")
    short = decided(request(high, **EXCLUDE), perfect, overlaps=(Overlap("triage", 200, IDS[148:]),))
    assert told(short) == ("Inconclusive", "gate_unreachable")
    assert "52 items are excluded, 148 are left, and the criterion needs at least 149 items" in (
        short.outcomes[0].message
    )
    enough = decided(request(high, **EXCLUDE), perfect, overlaps=(Overlap("triage", 200, IDS[149:]),))
    assert told(enough) == ("Pass", "passed")


@pytest.mark.parametrize("on_inconclusive", ["Hold", "Fail"])
def test_a_suite_of_which_nothing_is_left_is_never_passed(on_inconclusive: str) -> None:
    everything = (Overlap("triage", 200, IDS),)
    asked = request({"confidencePercent": 0, "minSupport": 1}, onInconclusive=on_inconclusive, **EXCLUDE)
    decision = decided(asked, GOOD, overlaps=everything)
    assert decision.verdict.verdict != "Pass"
    assert decision.verdict.reason is reasons.SUITE_EMPTY
    assert "all 200 are excluded" in decision.verdict.message


def test_E21_five_named_refusals() -> None:
    alias = decided(request({"metric": "f1"}), GOOD)
    assert told(alias) == ("Inconclusive", "metric_missing")
    assert "accuracy, macro_f1, unparseable_rate" in alias.verdict.message
    with pytest.raises(ValidationError, match="operator"):
        request({"operator": "Greater"})
    missing = decided(request({"metric": "squad_f1"}), GOOD)
    assert told(missing) == ("Inconclusive", "metric_missing")
    broken = results(scored([1.0] * 199 + [math.nan], "accuracy"))
    assert told(decided(request({}), broken)) == ("Inconclusive", "metric_not_finite")
    assert told(decided(request(), GOOD)) == ("Inconclusive", "no_criteria")


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="value"):
        Criterion.parse({"suite": "s", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "NaN"})


@pytest.mark.parametrize("score", [math.inf, -math.inf, 1.5, -0.1, 0.5])
def test_a_score_that_is_no_share_is_no_pass(score: float) -> None:
    suite = results(scored([1.0] * 199 + [score], "accuracy"))
    assert told(decided(request({}), suite)) == ("Inconclusive", "metric_not_finite")


@pytest.mark.parametrize(
    ("suite", "reason"),
    [
        (None, "results_incomplete"),
        (results(()), "suite_empty"),
        (
            results(right_and_wrong(190, 9), asked=IDS),
            "results_incomplete",
        ),
        (results(right_and_wrong(190, 10), asked=IDS[:199]), "item_mismatch"),
        (results(right_and_wrong(190, 10), differs=("seed",)), "item_mismatch"),
        (results(scored([1.0] * 200, "unparseable_rate")), "results_incomplete"),
    ],
)
def test_absence_is_never_a_pass(suite: SuiteResults | None, reason: str) -> None:
    assert told(decided(request({}), suite)) == ("Inconclusive", reason)


def test_macro_f1_needs_labels() -> None:
    suite = results(scored([1.0] * 200, "accuracy"))
    assert told(decided(request({"metric": "macro_f1"}), suite)) == ("Inconclusive", "results_incomplete")


def test_pairs_must_be_the_same_items() -> None:
    other = results(labelled([("no", "no")] * 200))
    found = measure(demand(**PAIRED, value="0"), GOOD, other, 0)
    assert isinstance(found, Absent)
    assert found.reason is reasons.ITEM_MISMATCH


def test_a_baseline_with_holes_is_no_baseline() -> None:
    holes = results(right_and_wrong(100, 99), asked=IDS)
    found = measure(demand(**PAIRED, value="0"), GOOD, holes, 0)
    assert isinstance(found, Absent)
    assert found.reason is reasons.RESULTS_INCOMPLETE


def test_items_to_decide_follows_the_rule_of_thumb() -> None:
    ours = labelled([("x", "x")] * 460 + [("x", "y")] * 40)
    theirs = labelled([("x", "y")] * 50 + [("x", "x")] * 450)
    asked = request({"value": "0", "minSupport": 1, **PAIRED})
    outcome = decided(asked, results(ours), results(theirs)).outcomes[0]
    d, difference = 0.18, 0.02
    assert outcome.items_to_decide == math.ceil(d * (1.6448536 + 0.84) ** 2 / difference**2)


def test_at_the_threshold_no_number_of_items_is_promised() -> None:
    outcome = decided(request({}), results(right_and_wrong(160, 40))).outcomes[0]
    assert (outcome.verdict, outcome.items_to_decide) == ("Inconclusive", None)


def test_without_discordant_pairs_as_many_items_as_a_perfect_candidate_needs() -> None:
    same = results(right_and_wrong(100, 20))
    outcome = decided(request({"value": "-0.02", **PAIRED}), same, same).outcomes[0]
    assert outcome.items_to_decide == 180
