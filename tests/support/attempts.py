"""What a real node leaves of a run's attempts: records, complete checkpoints, Pods."""

from sluice_api.layout import checkpoints_key
from support.node import Node
from support.teamspace import Raw, Teamspace


def records(space: Teamspace, run: str, stage: str) -> list[Raw]:
    """What is recorded of the attempts of a stage, in order."""
    found = [
        r for r in space.list("ControllerRevision") if r["metadata"]["name"].startswith(f"{run}-{stage}-")
    ]
    return sorted((r["data"] for r in found), key=lambda data: int(data["counters"]["attempts"]))


def saved_steps(node: Node, space: Teamspace, run: str) -> list[int]:
    """Steps whose checkpoint is complete."""
    resolved = space.get("TrainingRun", run).get("status", {}).get("resolved")
    if not resolved:
        return []
    folder = node.stored(space.name, checkpoints_key(resolved["fingerprint"]))
    return sorted(int(done.parent.name.removeprefix("step-")) for done in folder.glob("step-*/done-*.json"))


def train_pods(space: Teamspace, run: str) -> list[Raw]:
    """Pods that train, or trained, of which a trace is left."""
    return [p for p in space.list("Pod") if p["metadata"]["name"].startswith(f"{run}-train-")]


def running_train_pod(space: Teamspace, run: str) -> str:
    """Name of the Pod that trains, or an empty text."""
    running = [
        p["metadata"]["name"]
        for p in train_pods(space, run)
        if p.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in p["metadata"]
    ]
    return str(running[0]) if running else ""
