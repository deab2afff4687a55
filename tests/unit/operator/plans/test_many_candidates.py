"""Many candidates on one suite: numbers that only grow, shown in every verdict, paid for if asked."""

from typing import Any

import pytest

from sluice_api.evalgate import Criterion, SuiteDigest
from sluice_api.manycandidates import SuiteUse
from sluice_operator.facts import gate
from sluice_operator.facts.suiteuse import MOST_SUITES, SuiteUses, counting, suite_uses, words
from sluice_operator.plans import evalgate_status
from support.quickstart import LABELS, Stages, gate_spec, pack_spec, quickstart, run_spec
from support.simcluster import SimCluster

SHARED = {"confidence": {"across": "Suite"}}
GOLD = SuiteDigest(suite="gold", digest="sha256:" + "9" * 64)


def trained(cluster: SimCluster, *seeds: int) -> None:
    """Runs that finish one after the other."""
    for seed in seeds:
        cluster.add("TrainingRun", f"run-{seed}", run_spec(seed), LABELS)
        cluster.sleep(60)
        cluster.settle()


def verdicts(cluster: SimCluster) -> list[dict[str, Any]]:
    """Records of verdicts, in the order in which candidates were numbered."""
    found = [r["data"] for r in cluster.of("ControllerRevision") if r["data"]["record"] == "verdict"]
    return sorted(found, key=lambda v: v["suiteUses"][0]["candidate"])


def numbers(cluster: SimCluster) -> list[int]:
    return [v["suiteUses"][0]["candidate"] for v in verdicts(cluster)]


def shown(cluster: SimCluster) -> dict[str, Any]:
    return cluster.objects["EvalGate", "gate"]["status"]["verdicts"][0]


def judged(stages: Stages) -> list[dict[str, Any]]:
    return [e.request for e in stages.asked if e.stage == "judge"]


def test_every_verdict_shows_which_candidate_it_is() -> None:
    cluster = quickstart()
    cluster.settle()
    assert shown(cluster)["message"] == "exact_match 0.9; candidate 1 on suite gold"
    trained(cluster, 2, 3)
    assert numbers(cluster) == [1, 2, 3]
    assert shown(cluster)["suiteUses"] == [{"suite": "gold", "candidate": 3}]
    assert (
        "candidate 3 on suite gold: of so many at the threshold one passes by chance with up to 14 %"
        in (shown(cluster)["message"])
    )


def test_the_number_is_no_part_of_the_question_unless_it_is_paid_for() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    trained(cluster, 2)
    assert all("suiteUses" not in request or not request["suiteUses"] for request in judged(stages))


def test_a_candidate_keeps_its_number_when_it_is_judged_again() -> None:
    cluster = quickstart()
    trained(cluster, 2, 3)
    before = {v["digest"]: v["suiteUses"] for v in verdicts(cluster)}
    cluster.add("EvalGate", "gate", gate_spec("0.85"))
    cluster.settle()
    assert len(verdicts(cluster)) == 6
    assert {v["digest"]: v["suiteUses"] for v in verdicts(cluster)} == before


def test_runs_that_finish_together_get_numbers_of_their_own() -> None:
    for spec in (gate_spec(maxParallel=4), gate_spec(maxParallel=4, **SHARED)):
        cluster = quickstart(gate=spec)
        for seed in (2, 3, 4):
            cluster.add("TrainingRun", f"run-{seed}", run_spec(seed), LABELS)
        cluster.settle()
        assert numbers(cluster) == [1, 2, 3, 4]


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two candidates are looked at, and four verdicts kept."""
    monkeypatch.setattr(gate, "MOST_CANDIDATES", 2)
    monkeypatch.setattr(evalgate_status, "KEPT", 2)


@pytest.mark.usefixtures("_few")
def test_the_count_outlives_the_verdicts_it_was_made_from() -> None:
    cluster = quickstart()
    trained(cluster, *range(2, 8))
    kept = numbers(cluster)
    assert len(kept) < 7
    assert kept[-1] == 7


@pytest.mark.usefixtures("_few")
def test_another_suite_begins_at_one_and_the_old_count_is_kept() -> None:
    cluster = quickstart()
    trained(cluster, 2, 3)
    old = shown(cluster)["suiteDigests"]
    cluster.add("DatasetPack", "fresh", {**pack_spec("fresh", "Evaluation")})
    spec = gate_spec()
    spec["suites"][0]["datasetRef"]["name"] = "fresh"
    cluster.add("EvalGate", "gate", spec)
    cluster.settle()
    assert shown(cluster)["suiteUses"][0]["candidate"] == 1
    trained(cluster, *range(10, 16))
    assert shown(cluster)["suiteUses"][0]["candidate"] == 8
    cluster.add("EvalGate", "gate", gate_spec())
    cluster.settle()
    assert shown(cluster)["suiteDigests"] == old
    assert shown(cluster)["suiteUses"][0]["candidate"] == 4


def test_across_suite_each_candidate_is_judged_with_its_number() -> None:
    stages = Stages(items=1000)
    cluster = quickstart(stages, gate_spec(**SHARED))
    trained(cluster, 2, 3)
    asked = [request["suiteUses"] for request in judged(stages)]
    assert asked == [[{"suite": "gold", "candidate": n}] for n in (1, 2, 3)]
    assert numbers(cluster) == [1, 2, 3]
    assert shown(cluster)["message"].endswith("candidate 3 on suite gold, judged at 99.6623 %")


def test_a_worn_suite_is_told_before_a_gpu_is_taken() -> None:
    """0.98 needs 149 items at 95 %, 173 of the first candidate and 282 of the fourth."""
    stages = Stages(items=250)
    cluster = quickstart(stages, gate_spec("0.98", **SHARED))
    trained(cluster, 2, 3, 4, 5)
    assert len(judged(stages)) == 2
    conditions = {c["type"]: c for c in cluster.objects["EvalGate", "gate"]["status"]["conditions"]}
    assert conditions["Stalled"]["reason"] == "GateUnreachable"
    assert "of candidate 3 on suite gold needs at least" in conditions["Stalled"]["message"]
    assert "Fresh items begin at candidate 1" in conditions["Stalled"]["message"]


def test_what_old_verdicts_without_numbers_counted_is_kept() -> None:
    uses = SuiteUses()
    for letter in "abc":
        uses.numbers[GOLD.digest]["sha256:" + letter * 64] = 0
    assert uses.of([GOLD], "sha256:" + "d" * 64) == (SuiteUse(suite="gold", candidate=4),)


def test_the_words_name_the_most_worn_suite() -> None:
    uses = [SuiteUse(suite="gold", candidate=2), SuiteUse(suite="hard", candidate=14)]
    criterion = {"suite": "hard", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8"}
    criteria = [Criterion.parse(criterion)]
    assert words(uses, criteria, shared=False) == (
        "candidate 14 on suite hard, 2 on suite gold: of so many at the threshold one passes by chance "
        "with up to 51 %"
    )
    point = [Criterion.parse({**criterion, "confidencePercent": 0})]
    assert words(uses, point, shared=True) == "candidate 14 on suite hard, 2 on suite gold"
    assert suite_uses(()).of([GOLD], "x") == (SuiteUse(suite="gold", candidate=1),)
    assert counting(()) == ()
    assert MOST_SUITES == 20
