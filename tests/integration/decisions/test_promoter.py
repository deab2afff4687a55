"""Who holds the promote verbs decides, by the plugin, and every decision is recorded under that name."""

import json
from collections.abc import Callable, Iterator

import pytest

from sluice_api import meta
from sluice_localcluster import ControlPlane
from sluice_plugin.__main__ import main
from support.asked import GATEKEEPER
from support.flow import apply_quickstart
from support.operator_process import OperatorProcess
from support.pod_driver import PodDriver, stamp
from support.quickstart import LABELS, Stages, gate_spec, run_spec
from support.teamspace import Raw, Teamspace

Say = Callable[..., tuple[int, Raw, str]]


@pytest.fixture
def village(operator: OperatorProcess, new_space: Callable[[], Teamspace]) -> Iterator[Teamspace]:
    """A namespace of the test's own in which a first model serves, and only people promote."""
    space = new_space()
    apply_quickstart(space)
    with PodDriver(space, Stages(clock=stamp)):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        space.patch("Deployment", "live", {"spec": {"promotion": {"policy": "Manual"}}})
        yield space


@pytest.fixture
def say(plane: ControlPlane, village: Teamspace, capsys: pytest.CaptureFixture[str]) -> Say:
    """One verb of the plugin, as a user: exit code, the JSON answer, and what went to standard error."""

    def call(user: str, *words: str) -> tuple[int, Raw, str]:
        capsys.readouterr()
        place = ["-n", village.name, "--kubeconfig", str(plane.kubeconfig_for(user)), "-o", "json"]
        code = main([*words, *place])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else {}, said.err

    return call


def digest_of(space: Teamspace, run: str) -> str:
    return str(space.get("TrainingRun", run)["status"]["artifact"]["digest"])


def live(space: Teamspace) -> str:
    return str(space.get("Deployment", "live")["status"].get("active", {}).get("digest"))


def judged(space: Teamspace, run: str) -> bool:
    verdicts = space.get("EvalGate", "gate").get("status", {}).get("verdicts", [])
    return any(v["run"] == run for v in verdicts)


def add_run(space: Teamspace, name: str, seed: int) -> str:
    space.add("TrainingRun", name, run_spec(seed), LABELS)
    space.wait(f"the verdict about {name}", lambda: judged(space, name), 90)
    return digest_of(space, name)


def audit(space: Teamspace) -> list[Raw]:
    found = [r["data"] for r in space.list("ControllerRevision") if r["data"]["record"] == "audit"]
    return sorted(found, key=lambda r: r["sequence"])


def test_a_promoter_promotes_goes_back_and_lets_in_again(village: Teamspace, say: Say) -> None:
    first, second = digest_of(village, "good"), add_run(village, "better", 2)
    assert live(village) == first
    code, told, _ = say("pat", "promote", "live", "--dry-run")
    assert (code, told["request"]) == (0, None)
    assert "run better" in told["will"][0]
    code, told, _ = say("pat", "promote", "live")
    assert (code, told["outcome"]["state"]) == (0, "Done"), told
    village.wait("the status", lambda: live(village) == second)
    code, told, _ = say("pat", "rollback", "live")
    assert (code, told["outcome"]["state"]) == (0, "Done"), told
    village.wait("the status", lambda: live(village) == first)
    code, told, _ = say("pat", "clear-rollback", "live")
    assert (code, told["outcome"]["reason"]) == (0, "RequestDone"), told
    ended = [r for r in audit(village) if r["phase"] in ("done", "spent")]
    decided = {(r["cause"], r["actor"], r.get("verified", True)) for r in ended}
    assert {("promote", "pat", True), ("rollback-to", "pat", True)} < decided
    assert ("clear-rollback", "pat", True) in decided
    code, told, _ = say("pat", "clear-rollback", "live")
    assert (code, told["request"]) == (0, None)


def test_who_may_edit_and_not_decide_is_told_which_right_is_missing(village: Teamspace, say: Say) -> None:
    add_run(village, "better", 2)
    before = village.get("Deployment", "live")["metadata"].get("annotations")
    code, _, said = say(GATEKEEPER, "promote", "live")
    assert code == 1
    assert "gail may not update modeldeployments/promote" in said
    assert village.get("Deployment", "live")["metadata"].get("annotations") == before


def test_what_cannot_be_decided_is_said_before_it_is_asked(village: Teamspace, say: Say) -> None:
    def refused(*words: str) -> str:
        code, _, said = say("pat", *words)
        assert code == 1
        return said

    assert "passed nothing but what is live" in refused("promote", "live")
    assert "is none of what gate gate judged" in refused("promote", "live", "--digest", "abcdef123456")
    assert "never judged run nobody" in refused("promote", "live", "--run", "nobody")
    assert "nothing to go back to" in refused("rollback", "live")
    assert "revision 9 was never live" in refused("rollback", "live", "--revision", "9")
    assert "there is no Deployment absent" in refused("promote", "absent")
    village.patch("Deployment", "live", {"spec": {"suspend": True}})
    assert "is suspended" in refused("rollback", "live")
    annotations = village.get("Deployment", "live")["metadata"].get("annotations", {})
    assert not [k for k in annotations if k.startswith(f"{meta.GROUP}/")]


def test_a_promotion_waits_for_an_approval_that_a_promoter_gives(village: Teamspace, say: Say) -> None:
    village.patch("EvalGate", "gate", {"spec": gate_spec(approval={"required": True})})
    second = add_run(village, "better", 2)
    code, told, _ = say("pat", "promote", "live", "--run", "better", "--timeout", "60")
    assert (code, told["outcome"]["state"]) == (0, "Waiting"), told
    assert any("kubectl sluice approve gate" in line for line in told["will"])
    assert say(GATEKEEPER, "approve", "gate")[0] == 1
    code, told, _ = say("pat", "approve", "gate")
    assert (code, told["outcome"]["state"]) == (0, "Done"), told
    village.wait("the promotion", lambda: live(village) == second)
    entry = next(v for v in village.get("EvalGate", "gate")["status"]["verdicts"] if v["run"] == "better")
    assert entry["approvedBy"] == "pat"
    code, told, _ = say("pat", "approve", "gate")
    assert (code, told["request"]) == (0, None)


def test_a_pin_is_the_promoters_too(
    village: Teamspace, as_user: Callable[[Teamspace, str], Teamspace]
) -> None:
    second = add_run(village, "better", 2)
    as_user(village, "pat").patch("Deployment", "live", {"spec": {"promotion": {"pin": second}}})
    village.wait("the promotion", lambda: live(village) == second)


def test_what_a_trusted_user_moves_is_put_back(village: Teamspace) -> None:
    """As without policies: an old Service, applied again, does not stay."""
    old = village.get("Service", "live")
    add_run(village, "better", 2)
    village.patch("Deployment", "live", {"spec": {"promotion": {"policy": "Automatic"}}})
    second = digest_of(village, "better")
    village.wait("the promotion", lambda: live(village) == second, 90)
    village.wait("it is recorded", lambda: audit(village)[-1]["phase"] == "done")
    now = village.get("Service", "live")
    number = {"annotations": old["metadata"]["annotations"]}
    village.patch("Service", "live", {"metadata": number, "spec": {"selector": old["spec"]["selector"]}})

    def is_back() -> bool:
        return bool(village.get("Service", "live")["spec"]["selector"] == now["spec"]["selector"])

    village.wait("it is put back", is_back)
    assert any(r["cause"] == "repair" for r in audit(village))
