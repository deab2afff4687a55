"""Records that this operator cannot read: nothing is decided without them, and what to do is told."""

import pytest

from support.quickstart import quickstart


@pytest.mark.parametrize("kind", ["DatasetPack", "TrainingRun", "EvalGate", "Deployment"])
def test_a_record_that_cannot_be_read_says_what_to_do(kind: str) -> None:
    cluster = quickstart()
    cluster.settle()
    record = next(
        r for r in cluster.of("ControllerRevision") if r["metadata"]["ownerReferences"][0]["kind"] == kind
    )
    owner = record["metadata"]["ownerReferences"][0]["name"]
    record["data"] = {"record": record["data"]["record"]}
    cluster.put("ControllerRevision", record)
    cluster.settle()
    found = cluster.objects[kind, owner]["status"]["conditions"]
    stalled = next(c for c in found if c["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "RecordUnreadable")
    assert "Install the release" in stalled["message"]
