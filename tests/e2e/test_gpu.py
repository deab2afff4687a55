"""The GPU profile: a train Pod asks for a GPU, waits for one visibly, and runs on the node that has it."""

from pathlib import Path

from sluice_api import meta, reasons
from sluice_localcluster.node import PAUSE_IMAGE
from support.node import PATIENCE_SECONDS, Node
from support.nodestory import MODEL, add_file, pack_spec, rows, run_spec
from support.teamspace import Raw, Teamspace

GPU = "nvidia.com/gpu"
HOLDER: Raw = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "holder", "namespace": "e2e-gpu"},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "holder",
                "image": PAUSE_IMAGE,
                "resources": {"limits": {GPU: "1"}},
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}
"""Somebody else's Pod, on the only GPU."""


def train_pods(space: Teamspace) -> list[Raw]:
    pods = space.list("Pod")
    return [p for p in pods if p["metadata"].get("labels", {}).get(meta.LABEL_STAGE) == "train"]


def test_a_gpu_run_waits_for_a_gpu_and_is_scheduled_on_it(node: Node, model: Path) -> None:
    space = node.make_space("e2e-gpu")
    node.import_model(space.name, model, MODEL)
    node.kube.apply(HOLDER)
    add_file(space, "rows", rows("Say it, please, number", 64))
    space.add("DatasetPack", "train", pack_spec("rows"))
    space.add("TrainingRun", "run", run_spec(space, profile="gpu-small"))
    space.wait(
        "the missing GPU in the condition",
        lambda: space.condition("TrainingRun", "run", "Ready").get("reason") == reasons.UNSCHEDULABLE.camel,
        PATIENCE_SECONDS,
    )
    assert GPU in space.condition("TrainingRun", "run", "Ready")["message"]
    (pod,) = train_pods(space)
    assert pod["spec"]["containers"][0]["resources"]["limits"][GPU] == "1"
    assert "nodeName" not in pod["spec"]
    space.delete("Pod", "holder")
    name = pod["metadata"]["name"]
    space.wait("a node", lambda: "nodeName" in space.get("Pod", name)["spec"], PATIENCE_SECONDS)
    assert space.get("Pod", name)["spec"]["nodeName"] == node.cluster.node.name
    # There is no driver behind the GPU that the node pretends to have.
    space.delete("TrainingRun", "run")
    space.wait("the end of the Pod", lambda: not train_pods(space), PATIENCE_SECONDS)
