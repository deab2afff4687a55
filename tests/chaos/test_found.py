"""What walks have found, each as the shortest story that shows it."""

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
