"""The whole operator on a real control plane: from packs to live traffic."""

from support.operator_process import MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import LABELS, Stages, deployment_spec, gate_spec, pack_spec, run_spec
from support.teamspace import Teamspace


def apply_quickstart(space: Teamspace) -> None:
    space.add("Deployment", "live", deployment_spec())
    space.add("EvalGate", "gate", gate_spec())
    space.add("TrainingRun", "good", run_spec(1), LABELS)
    space.add("DatasetPack", "gold", pack_spec("gold", "Evaluation"))
    space.add("DatasetPack", "train", pack_spec("train"))


def test_rows_become_live_traffic(space: Teamspace, make_operator: MakeOperator) -> None:
    apply_quickstart(space)
    with make_operator(), PodDriver(space, Stages()):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
    service = space.get("Service", "live")
    assert service["spec"]["selector"]
