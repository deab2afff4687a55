"""What a decision says before it is asked, and what became of it, on the planners' own objects."""

from collections.abc import Iterator

import pytest

from sluice_api.decisions import ANNOTATIONS, Request
from sluice_operator.children.records import verdict_hash
from sluice_operator.facts import gate as gates
from sluice_operator.model import Key, Related, ResourceKind
from sluice_plugin.decide import traffic
from sluice_plugin.decide.approval import approve
from sluice_plugin.decide.asked import Asked, Nothing, one_digest
from sluice_plugin.decide.outcome import Outcome, follow, of_approval, of_traffic
from sluice_plugin.errors import Refused
from support.quickstart import LABELS, Stages, deployment_spec, gate_spec, quickstart, run_spec
from support.simcluster import NAMESPACE, SimCluster

ASKS = gate_spec(approval={"required": True})


def related(cluster: SimCluster, kind: ResourceKind, name: str) -> Related:
    found = cluster.cache.related(Key(NAMESPACE, kind, name))
    assert found is not None
    return found


def me(cluster: SimCluster) -> Related:
    return related(cluster, "Deployment", "live")


def gate(cluster: SimCluster) -> Related:
    return related(cluster, "EvalGate", "gate")


def digest(cluster: SimCluster, run: str) -> str:
    return str(cluster.objects["TrainingRun", run]["status"]["artifact"]["digest"])


def two_models(*, policy: str = "Manual", stages: Stages | None = None) -> SimCluster:
    """`good` serves; `better` passed after it."""
    cluster = quickstart(stages)
    cluster.settle()
    cluster.add("Deployment", "live", deployment_spec(promotion={"policy": policy}))
    cluster.sleep(60)
    cluster.add("TrainingRun", "better", run_spec(2), LABELS)
    cluster.settle()
    return cluster


def asked(found: Asked | Nothing) -> Asked:
    assert isinstance(found, Asked), found
    return found


def decide(cluster: SimCluster, wanted: Asked) -> Request:
    """Write the request, and let the operator answer."""
    request = Request(decision=wanted.decision, digest=wanted.digest, id=f"{wanted.seen}.abcd", user="pat")
    data = cluster.objects[wanted.kind, wanted.name]
    data["metadata"].setdefault("annotations", {})[ANNOTATIONS[wanted.decision]] = request.text()
    cluster.put(wanted.kind, data)
    cluster.settle()
    return request


def answered(cluster: SimCluster, wanted: Asked) -> Outcome:
    """How the operator answers a request."""
    request = decide(cluster, wanted)
    if wanted.kind == "EvalGate":
        return of_approval(gate(cluster), request)
    return of_traffic(me(cluster), request)


def test_promote_means_the_newest_that_passed() -> None:
    cluster = two_models()
    wanted = asked(traffic.promote(me(cluster), gate(cluster), None, None))
    assert (wanted.digest, wanted.plural) == (digest(cluster, "better"), "modeldeployments")
    assert wanted.will[0].startswith("run better, ")
    assert asked(traffic.promote(me(cluster), gate(cluster), None, "better")).digest == wanted.digest
    first = wanted.digest.removeprefix("sha256:")[:8]
    assert asked(traffic.promote(me(cluster), gate(cluster), first, None)).digest == wanted.digest
    assert answered(cluster, wanted).state == "Done"


def pin(cluster: SimCluster, wanted: str) -> None:
    live = cluster.objects["Deployment", "live"]
    live["spec"].setdefault("promotion", {})["pin"] = wanted
    cluster.put("Deployment", live)


def test_a_promotion_that_a_pin_would_undo_is_refused() -> None:
    cluster = two_models()
    pin(cluster, digest(cluster, "good"))
    with pytest.raises(Refused, match="take traffic back"):
        traffic.promote(me(cluster), gate(cluster), None, "better")
    pin(cluster, digest(cluster, "better"))
    assert asked(traffic.promote(me(cluster), gate(cluster), None, "better")).decision == "promote"


def test_a_promotion_of_something_paused_waits() -> None:
    cluster = two_models()
    cluster.objects["Deployment", "live"]["spec"]["paused"] = True
    wanted = asked(traffic.promote(me(cluster), gate(cluster), None, "better"))
    found = answered(cluster, wanted)
    assert (found.state, found.reason) == ("Waiting", "Paused")


def test_what_is_live_already_is_not_asked_for() -> None:
    cluster = two_models()
    assert isinstance(traffic.promote(me(cluster), gate(cluster), None, "good"), Nothing)
    assert isinstance(traffic.rollback(me(cluster), digest(cluster, "good"), None), Nothing)
    assert isinstance(traffic.clear(me(cluster), None), Nothing)


def test_a_failed_artifact_is_not_promoted_and_an_open_one_waits() -> None:
    stages = Stages()
    cluster = two_models(stages=stages)
    for seed, verdict in ((3, "Fail"), (4, "Inconclusive")):
        stages.verdict = lambda _, told=verdict: told  # type: ignore[misc]
        cluster.sleep(60)
        cluster.add("TrainingRun", verdict.lower(), run_spec(seed), LABELS)
        cluster.settle()
    with pytest.raises(Refused, match="its verdict is Fail"):
        traffic.promote(me(cluster), gate(cluster), None, "fail")
    wanted = asked(traffic.promote(me(cluster), gate(cluster), None, "inconclusive"))
    assert "it waits until its verdict is a Pass" in wanted.will
    found = answered(cluster, wanted)
    assert (found.state, found.is_final) == ("Waiting", False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"digest": "0" * 12}, "is none of what gate gate judged"),
        ({"digest": "0"}, "too short"),
        ({"run": "nobody"}, "never judged run nobody; it judged better, good"),
    ],
)
def test_an_artifact_that_was_never_judged_is_refused(words: dict[str, str], told: str) -> None:
    cluster = two_models()
    with pytest.raises(Refused, match=told):
        traffic.promote(me(cluster), gate(cluster), words.get("digest"), words.get("run"))


def test_nothing_is_decided_about_what_is_suspended_deleted_or_without_a_gate() -> None:
    cluster = two_models()
    with pytest.raises(Refused, match="EvalGate gate does not exist"):
        traffic.promote(me(cluster), None, None, None)
    cluster.add("Deployment", "live", deployment_spec(suspend=True))
    with pytest.raises(Refused, match="is suspended"):
        traffic.rollback(me(cluster), None, None)
    data = cluster.objects["Deployment", "live"]
    data["metadata"]["deletionTimestamp"] = cluster.stamp()
    cluster.put("Deployment", data)
    with pytest.raises(Refused, match="is being deleted"):
        traffic.clear(me(cluster), None)


def test_rollback_means_the_one_before_and_says_what_is_refused_then() -> None:
    cluster = two_models(policy="Automatic")
    first, second = digest(cluster, "good"), digest(cluster, "better")
    wanted = asked(traffic.rollback(me(cluster), None, None))
    assert wanted.digest == first
    assert "at once, its slot is kept" in wanted.will[0]
    assert second.removeprefix("sha256:")[:12] in wanted.will[1]
    assert asked(traffic.rollback(me(cluster), None, 1)).digest == first
    with pytest.raises(Refused, match=r"revision 7 was never live here; there were .*revision 1"):
        traffic.rollback(me(cluster), None, 7)
    with pytest.raises(Refused, match="is none of what was live here"):
        traffic.rollback(me(cluster), "0" * 12, None)
    assert answered(cluster, wanted).state == "Done"
    cleared = asked(traffic.clear(me(cluster), None))
    assert cleared.digest == second
    found = answered(cluster, cleared)
    assert (found.state, found.reason) == ("Done", "RequestDone")


def test_the_first_model_has_nothing_before_it() -> None:
    cluster = quickstart()
    with pytest.raises(Refused, match="serves nothing yet"):
        traffic.rollback(me(cluster), None, None)
    cluster.settle()
    with pytest.raises(Refused, match="nothing to go back to: only"):
        traffic.rollback(me(cluster), None, None)


def test_a_stale_request_is_told_as_refused() -> None:
    cluster = two_models(policy="Automatic")
    decide(cluster, asked(traffic.rollback(me(cluster), None, None)))
    old = Request(decision="promote", digest=digest(cluster, "better"), id="1.efgh", user="pat")
    data = cluster.objects["Deployment", "live"]
    data["metadata"]["annotations"][ANNOTATIONS["promote"]] = old.text()
    cluster.put("Deployment", data)
    assert of_traffic(me(cluster), old) == Outcome("Asked")
    cluster.settle()
    found = of_traffic(me(cluster), old)
    assert (found.state, found.reason) == ("Refused", "RequestStale")


def test_approve_means_the_newest_verdict_and_binds_to_it() -> None:
    cluster = quickstart(gate=ASKS)
    cluster.settle()
    wanted = asked(approve(gate(cluster), None, None))
    assert wanted.seen == verdict_hash(gates.verdicts(gate(cluster))[0])
    assert asked(approve(gate(cluster), None, "good")) == wanted
    with pytest.raises(Refused, match="it judged good"):
        approve(gate(cluster), None, "nobody")
    assert answered(cluster, wanted).state == "Done"
    assert isinstance(approve(gate(cluster), None, None), Nothing)


def test_what_needs_no_approval_or_cannot_have_one_is_said() -> None:
    cluster = quickstart()
    cluster.settle()
    with pytest.raises(Refused, match="asks for no approval"):
        approve(gate(cluster), None, None)
    failed = quickstart(Stages(verdict=lambda _: "Fail"), ASKS)
    with pytest.raises(Refused, match="gave no verdict"):
        approve(gate(failed), None, None)
    failed.settle()
    with pytest.raises(Refused, match="its verdict is Fail"):
        approve(gate(failed), None, None)


def test_an_approval_of_another_verdict_is_told_as_refused() -> None:
    cluster = quickstart(gate=ASKS)
    cluster.settle()
    wanted = asked(approve(gate(cluster), None, None))
    other = Asked(**{**wanted.__dict__, "seen": "0" * 12})
    found = answered(cluster, other)
    assert (found.state, found.reason) == ("Refused", "RequestStale")
    elsewhere = Request(decision="approve", digest=wanted.digest, id=f"{'1' * 12}.wxyz", user="pat")
    assert of_approval(gate(cluster), elsewhere) == Outcome("Asked")


def test_a_digest_must_be_told_from_all_others() -> None:
    known = {f"sha256:{'a' * 64}": "run a", f"sha256:{'a' * 63}b": "run b"}
    with pytest.raises(Refused, match="names several of them"):
        one_digest("aaaaaa", known, "them")
    assert one_digest("a" * 63 + "b", known, "them").endswith("b")


def follow_states(*states: str, seconds: float = 60, through_waiting: bool = False) -> tuple[list[str], str]:
    """States that were told, and the last; the clock counts pauses, the last state stays."""
    found: Iterator[str] = iter(states)
    told: list[str] = []
    now = [0.0]
    last = ["Asked"]

    def read() -> Outcome:
        last[0] = next(found, last[0])
        return Outcome(last[0])  # type: ignore[arg-type]

    end = follow(
        read,
        lambda o: told.append(o.state),
        seconds=seconds,
        through_waiting=through_waiting,
        sleep=lambda s: now.__setitem__(0, now[0] + s),
        clock=lambda: now[0],
    )
    return told, end.state


def test_a_request_is_followed_to_its_answer_and_each_state_is_told_once() -> None:
    assert follow_states("Asked", "Acting", "Acting", "Done", "Asked") == (["Acting", "Done"], "Done")
    assert follow_states("Asked", "Waiting", "Done") == (["Waiting"], "Waiting")
    assert follow_states("Waiting", "Done", through_waiting=True) == (["Waiting", "Done"], "Done")
    assert follow_states("Asked", seconds=5) == ([], "Asked")
