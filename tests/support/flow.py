"""The quickstart on a real control plane, and what can be compared of two of its outcomes."""

from collections import defaultdict
from typing import Any

from sluice_api import meta
from support.quickstart import LABELS, deployment_spec, gate_spec, pack_spec, run_spec
from support.teamspace import Raw, Teamspace

_OWN_EACH_TIME = frozenset(
    {
        "lastTransitionTime",
        "since",
        "time",
        "evaluatedAt",
        "headHash",
        "uri",
        "folder",
        "message",
        "startedAt",
    }
)
"""Fields that differ between two runs of the same story."""


def apply_quickstart(space: Teamspace) -> None:
    """Everything at once, in the wrong order."""
    space.add("Deployment", "live", deployment_spec())
    space.add("EvalGate", "gate", gate_spec())
    space.add("TrainingRun", "good", run_spec(1), LABELS)
    space.add("DatasetPack", "gold", pack_spec("gold", "Evaluation"))
    space.add("DatasetPack", "train", pack_spec("train"))


def wait_archived(space: Teamspace) -> None:
    """Wait until the ledger stage has copied the whole audit chain: the last thing that happens."""

    def is_archived() -> bool:
        audit = space.get("Deployment", "live").get("status", {}).get("audit", {})
        return bool(audit) and audit["archivedSequence"] == audit["sequence"]

    space.wait("the audit chain is archived", is_archived, 60)


def shape(value: Any) -> Any:
    """The same JSON without times and places."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items() if k not in _OWN_EACH_TIME}
    return [shape(v) for v in value] if isinstance(value, list) else value


def jobs_by_request(space: Teamspace) -> dict[tuple[str, str], list[Raw]]:
    """Jobs by stage and request hash: one each, unless an attempt was lost."""
    found: dict[tuple[str, str], list[Raw]] = defaultdict(list)
    for job in space.list("Job"):
        labels, annotations = job["metadata"]["labels"], job["metadata"]["annotations"]
        found[labels[meta.LABEL_STAGE], annotations[meta.ANNOTATION_REQUEST_HASH]].append(job)
    return found
