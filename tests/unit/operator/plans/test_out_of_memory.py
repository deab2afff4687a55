"""Training that runs out of memory: tried again with smaller micro batches, within one budget."""

import pytest

from sluice_api.contracts.envelope import Envelope
from support.quickstart import Stages, quickstart, run_spec
from support.simapi import Raw
from support.simcluster import Answer, SimCluster

OUT_OF_MEMORY: Answer = (71, None, "out_of_memory")


class Starved(Stages):
    """Training ends for want of memory while its micro batch is larger than what fits."""

    fits = 0

    def __call__(self, envelope: Envelope) -> Answer:
        if envelope.stage == "train" and micro_batch(envelope) > self.fits:
            self.asked.append(envelope)
            return OUT_OF_MEMORY
        return super().__call__(envelope)


def micro_batch(envelope: Envelope) -> int:
    return int(envelope.request["hyperparameters"].get("microBatchSize", 1))


def play(fits: int, micro: int, limit: int = 3) -> tuple[SimCluster, list[int]]:
    """The quickstart with a run of that micro batch; which micro batches were tried, in order."""
    stages = Starved()
    stages.fits = fits
    cluster = quickstart(stages)
    cluster.drop("TrainingRun", "good")
    spec = run_spec(1)
    spec["hyperparameters"] |= {"globalBatchSize": 24, "microBatchSize": micro}
    cluster.add("TrainingRun", "good", spec | {"retry": {"limit": limit}})
    cluster.settle()
    return cluster, [micro_batch(e) for e in stages.asked if e.stage == "train"]


def records(cluster: SimCluster) -> list[Raw]:
    found = [r["data"] for r in cluster.of("ControllerRevision") if r["data"].get("stage") == "train"]
    return sorted(found, key=lambda r: r["counters"]["attempts"])


@pytest.mark.parametrize(
    ("micro", "fits", "tried"),
    [(8, 4, [8, 4]), (24, 6, [24, 12, 6]), (3, 1, [3, 1]), (6, 6, [6])],
)
def test_the_next_attempt_halves_the_micro_batch(micro: int, fits: int, tried: list[int]) -> None:
    cluster, found = play(fits, micro)
    assert found == tried
    status = cluster.objects["TrainingRun", "good"]["status"]
    assert status["phase"] == "Succeeded"
    assert status["attempts"]["failed"] == len(tried) - 1


def test_the_experiment_stays_the_same() -> None:
    whole, _ = play(fits=8, micro=8)
    smaller, _ = play(fits=2, micro=8)
    left, right = (c.objects["TrainingRun", "good"]["status"] for c in (whole, smaller))
    assert left["resolved"] == right["resolved"]
    assert left["artifact"]["digest"] == right["artifact"]["digest"]


def test_records_tell_what_was_made_smaller_and_why() -> None:
    cluster, _ = play(fits=4, micro=8)
    first, second = records(cluster)
    assert (first["outcome"], first["reason"], first["exitCode"]) == ("Failed", "out_of_memory", 71)
    assert "microBatchSize" not in first["message"]
    assert second["outcome"] == "Succeeded"
    assert "microBatchSize 4, because 8 took too much memory" in second["message"]


@pytest.mark.parametrize(
    ("limit", "tried"), [(0, [24]), (1, [24, 12]), (2, [24, 12, 6]), (6, [24, 12, 6, 3, 1, 1, 1])]
)
def test_every_size_uses_the_same_budget(limit: int, tried: list[int]) -> None:
    cluster, found = play(fits=0, micro=24, limit=limit)
    assert found == tried
    conditions = cluster.objects["TrainingRun", "good"]["status"]["conditions"]
    stalled = next(c for c in conditions if c["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "RetriesExhausted")
