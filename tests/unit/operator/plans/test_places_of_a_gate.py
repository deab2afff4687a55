"""Which candidates a gate judges, and what holds one of its places."""

from sluice_api.contracts.envelope import Envelope
from support.held import HeldStages, condition
from support.quickstart import LABELS, gate_spec, quickstart, run_spec
from support.simcluster import Answer, SimCluster
from support.traffic import Traffic


class BrokenNewest(HeldStages):
    """Whoever evaluates one digest fails for want of a dependency, each time."""

    broken = ""

    def __call__(self, envelope: Envelope) -> Answer | None:  # type: ignore[override]
        if envelope.stage == "evaluate" and envelope.request.get("artifact", {}).get("digest") == self.broken:
            return 69, None, "storage_unavailable"
        return super().__call__(envelope)


def verdicts(cluster: SimCluster) -> set[str]:
    return {v["run"] for v in cluster.objects["EvalGate", "gate"]["status"].get("verdicts", [])}


def test_a_broken_newest_candidate_leaves_its_place_to_older_ones() -> None:
    stages = BrokenNewest()
    cluster = quickstart(stages, gate_spec(maxParallel=1, suspend=True))
    for seed in (2, 3, 4):
        cluster.settle(12)
        cluster.add("TrainingRun", f"run-{seed}", run_spec(seed), LABELS)
    cluster.settle(20)
    stages.broken = cluster.objects["TrainingRun", "run-4"]["status"]["artifact"]["digest"]
    cluster.add("EvalGate", "gate", gate_spec(maxParallel=1))
    cluster.settle(60)
    assert verdicts(cluster) == {"good", "run-2", "run-3"}


def test_a_digest_that_is_pinned_is_judged_however_many_runs_are_newer() -> None:
    world = Traffic()
    world.cluster.add("EvalGate", "gate", gate_spec(suspend=True))
    for seed in range(2, 15):
        world.train(f"run-{seed}", seed)
    oldest = world.artifact("run-2")
    world.cluster.add("EvalGate", "gate", gate_spec())
    world.settle()
    assert "run-2" not in verdicts(world.cluster)
    world.edit(promotion={"pin": oldest})
    world.settle()
    assert world.serves() == oldest


def test_a_gate_that_waits_for_an_approval_says_so_in_its_columns() -> None:
    cluster = quickstart(HeldStages(), gate_spec(approval={"required": True}))
    cluster.settle()
    assert condition(cluster, "EvalGate", "gate", "Ready") == ("True", "ApprovalNeeded")
    assert cluster.objects["EvalGate", "gate"]["status"]["phase"] == "ApprovalNeeded"
