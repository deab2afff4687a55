"""A gate that asks for a person: nothing goes live without one, and an approval speaks of one verdict."""

import pytest

from sluice_api.decisions import ANNOTATIONS
from sluice_api.records import ApprovalRecord, VerdictRecord
from sluice_operator.children.records import verdict_hash
from sluice_operator.facts import gate as facts
from sluice_operator.model import Key
from support.quickstart import Stages, gate_spec, quickstart
from support.simcluster import NAMESPACE, SimCluster

GATE = Key(NAMESPACE, "EvalGate", "gate")
ASKS = gate_spec(approval={"required": True})
OTHER = f"sha256:{'0' * 64}"


def settled(stages: Stages | None = None, gate: dict | None = None) -> SimCluster:
    cluster = quickstart(stages, gate or ASKS)
    cluster.settle()
    return cluster


def condition(cluster: SimCluster, kind: str, name: str, wanted: str) -> tuple[str, str]:
    found = cluster.objects[kind, name]["status"]["conditions"]
    return next(((c["status"], c["reason"]) for c in found if c["type"] == wanted), ("", ""))


def verdict(cluster: SimCluster) -> VerdictRecord:
    me = cluster.cache.related(GATE)
    assert me is not None
    return facts.verdicts(me)[0]


def approvals(cluster: SimCluster) -> list[ApprovalRecord]:
    me = cluster.cache.related(GATE)
    assert me is not None
    return [r.record for r in me.records if isinstance(r.record, ApprovalRecord)]


def ask(cluster: SimCluster, text: str) -> list[str]:
    """Write the annotation, and settle; the reasons of the Events that the gate's first look posts."""
    gate = cluster.objects["EvalGate", "gate"]
    gate["metadata"].setdefault("annotations", {})[ANNOTATIONS["approve"]] = text
    cluster.put("EvalGate", gate)
    plan = cluster.plan(GATE)
    assert plan is not None
    cluster.settle()
    return [e.reason.camel for e in plan.events]


def request(found: VerdictRecord, *, digest: str = "", seen: str = "") -> str:
    return f"{digest or found.digest} {seen or verdict_hash(found)}.abcd ada"


def is_live(cluster: SimCluster) -> bool:
    return "selector" in (cluster.get("Service", "live") or {"spec": {}})["spec"]


def test_without_a_pass_nobody_is_asked_to_approve() -> None:
    cluster = settled(Stages(verdict=lambda _: "Fail"))
    assert condition(cluster, "EvalGate", "gate", "Approved") == ("Unknown", "NoPassingCandidate")


def test_a_pass_waits_for_a_person() -> None:
    cluster = settled()
    assert condition(cluster, "EvalGate", "gate", "Passed") == ("Unknown", "ApprovalNeeded")
    assert condition(cluster, "EvalGate", "gate", "Approved") == ("False", "ApprovalNeeded")
    assert not is_live(cluster)


def test_an_approved_pass_goes_live_and_says_who_approved_it() -> None:
    cluster = settled()
    assert "Approved" in ask(cluster, request(verdict(cluster)))
    assert [(a.user, a.digest, a.verified) for a in approvals(cluster)] == [
        ("ada", verdict(cluster).digest, False)
    ]
    status = cluster.objects["EvalGate", "gate"]["status"]
    assert status["verdicts"][0]["approvedBy"] == "ada"
    assert condition(cluster, "EvalGate", "gate", "Passed") == ("True", "Passed")
    assert condition(cluster, "EvalGate", "gate", "Approved") == ("True", "Approved")
    assert is_live(cluster)


def test_an_approval_is_written_once_and_outlives_its_annotation() -> None:
    cluster = settled()
    ask(cluster, request(verdict(cluster)))
    before = approvals(cluster)
    cluster.sleep(3600)
    assert ask(cluster, request(verdict(cluster))) == []
    assert approvals(cluster) == before
    del cluster.objects["EvalGate", "gate"]["metadata"]["annotations"]
    cluster.settle()
    assert condition(cluster, "EvalGate", "gate", "Approved") == ("True", "Approved")


def test_another_verdict_about_the_same_artifact_is_not_approved() -> None:
    cluster = settled()
    ask(cluster, request(verdict(cluster)))
    cluster.add("EvalGate", "gate", gate_spec("0.81", approval={"required": True}))
    cluster.settle()
    assert len(cluster.objects["EvalGate", "gate"]["status"]["verdicts"]) == 1
    assert condition(cluster, "EvalGate", "gate", "Approved") == ("False", "RequestStale")
    assert condition(cluster, "EvalGate", "gate", "Passed") == ("Unknown", "ApprovalNeeded")


@pytest.mark.parametrize(
    ("digest", "seen", "reason"),
    [
        (OTHER, "", "RequestImpossible"),
        ("", "0" * 12, "RequestStale"),
        ("nonsense", "", "RequestMalformed"),
        ("", "7", "RequestStale"),
    ],
)
def test_a_request_that_cannot_be_met_is_told_once(digest: str, seen: str, reason: str) -> None:
    cluster = settled()
    text = request(verdict(cluster), digest=digest, seen=seen)
    assert ask(cluster, text) == [reason]
    assert condition(cluster, "EvalGate", "gate", "Approved") == ("False", reason)
    assert ask(cluster, text) == []
    assert not approvals(cluster)
    assert not is_live(cluster)


@pytest.mark.parametrize("given", ["Fail", "Inconclusive"])
def test_only_a_pass_can_be_approved(given: str) -> None:
    cluster = settled(Stages(verdict=lambda _: given))
    ask(cluster, request(verdict(cluster)))
    assert condition(cluster, "EvalGate", "gate", "Approved") == ("False", "RequestImpossible")
    assert condition(cluster, "EvalGate", "gate", "Passed")[1] != "ApprovalNeeded"
    assert not approvals(cluster)


def test_a_suspended_gate_keeps_the_request_waiting() -> None:
    cluster = settled()
    cluster.add("EvalGate", "gate", ASKS | {"suspend": True})
    ask(cluster, request(verdict(cluster)))
    assert condition(cluster, "EvalGate", "gate", "Approved") == ("False", "RequestWaiting")
    assert not approvals(cluster)
    cluster.add("EvalGate", "gate", ASKS)
    cluster.settle()
    assert len(approvals(cluster)) == 1


def test_a_gate_that_names_its_run_waits_too() -> None:
    cluster = settled(gate=ASKS | {"candidates": {"trainingRunRef": {"name": "good"}}})
    assert condition(cluster, "EvalGate", "gate", "Ready") == ("False", "ApprovalNeeded")
    ask(cluster, request(verdict(cluster)))
    assert condition(cluster, "EvalGate", "gate", "Ready") == ("True", "Passed")


def test_an_approval_goes_with_its_verdict() -> None:
    cluster = settled()
    ask(cluster, request(verdict(cluster)))
    names = [
        r["metadata"]["name"] for r in cluster.of("ControllerRevision") if r["data"]["record"] == "verdict"
    ]
    for name in names:
        cluster.drop("ControllerRevision", name)
    plan = cluster.plan(GATE)
    assert plan is not None
    assert [d.why for d in plan.delete] == ["its verdict is gone"]
