"""What walks have found, each as the shortest story that shows it."""

from chaos.walk import describe, replay
from support.quickstart import LABELS, gate_spec, quickstart, run_spec


def test_a_candidates_verdict_is_kept_however_many_newer_artifacts_were_judged() -> None:
    """It was pruned and given again for ever, when its run was re-created after many newer ones."""
    cluster = quickstart(gate=gate_spec(maxParallel=16))
    cluster.settle()
    for batch in range(3):
        names = [f"run{10 * batch + number}" for number in range(2, 12)]
        for number, name in enumerate(names):
            cluster.sleep(5)
            cluster.add("TrainingRun", name, run_spec(10 * batch + number + 2), LABELS)
        cluster.settle(rounds=20)
        for name in names:
            cluster.drop("TrainingRun", name)
    cluster.settle()
    cluster.writes.clear()
    cluster.settle(rounds=5)
    assert cluster.writes == []


def test_a_stale_clear_rollback_lifts_nothing_and_the_judge_knows() -> None:
    """The judge lifted the refusal at any answer, and called a refused model that stays out a fault."""
    walk = [
        *(("watch", 60345), ("work", 51157), ("play", 38008), ("new_run", 12269), ("work", 48313)),
        *(("work", 56450), ("work", 239), ("work", 10567), ("work", 60767), ("new_run", 64814)),
        *(("tick", 10124), ("drift", 9827), ("rest", 56374), ("drop_run", 60252), ("ask", 21929)),
        ("rest", 15341),
    ]
    walked = replay(walk)
    assert walked.violation is None, describe(walked)
