"""`kubectl sluice logs` against a real API server and a node that tells logs: from attempt to attempt."""

import threading
from pathlib import Path

import pytest

from sluice_api.contracts.envelope import Envelope, ExitCode
from sluice_localcluster import ControlPlane
from sluice_plugin.__main__ import main
from support.operator_process import OPERATOR, MakeOperator
from support.pod_driver import PodDriver
from support.quickstart import Stages, pack_spec
from support.simcluster import Answer
from support.stubkubelet import StubKubelet
from support.teamspace import Raw, Teamspace


class Held:
    """Answers of attempts that are kept until the test lets each of them go."""

    def __init__(self) -> None:
        self.stages = Stages(faults=[(ExitCode.BUG, None, "stage_crashed")])
        self.let_go: set[int] = set()

    def __call__(self, envelope: Envelope) -> Answer | None:
        return self.stages(envelope) if envelope.attempt in self.let_go else None


def phase_of(space: Teamspace, attempt: int) -> str:
    """Phase of the Pod of that attempt; empty when there is none."""
    label = str(attempt)
    pods = [p for p in space.list("Pod") if p["metadata"]["labels"]["sluice.dev/attempt"] == label]
    return str(pods[0].get("status", {}).get("phase", "")) if pods else ""


def test_logs_follow_a_stage_through_its_attempts_and_tell_what_is_left(
    plane: ControlPlane,
    space: Teamspace,
    make_operator: MakeOperator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = Held()
    place = ["-n", space.name, "--kubeconfig", str(plane.kubeconfig_for(OPERATOR))]
    codes: list[int] = []
    follow = threading.Thread(target=lambda: codes.append(main(["logs", "dsp/train", "-f", *place])))
    space.add("DatasetPack", "train", pack_spec("train"))
    with (
        StubKubelet(space.api, tmp_path / "kubelet") as kubelet,
        make_operator(),
        PodDriver(
            space, held, schedule=lambda pod: kubelet.take(space, pod["metadata"]["name"], log_of(pod))
        ),
    ):
        follow.start()
        for attempt in (1, 2):
            space.wait(f"attempt {attempt} runs", lambda n=attempt: phase_of(space, n) == "Running", 120)  # type: ignore[misc]
            held.let_go.add(attempt)
            kubelet.ended.set()
        space.wait_condition("DatasetPack", "train", "Finished")
        follow.join(120)
        told = capsys.readouterr().out
        assert codes == [0]
        wanted = ["pack/1 | reading rows, try 1", "pack/1 | größer", "pack/1 # Failed: StageCrashed"]
        wanted += ["pack/2 | reading rows, try 2", "pack/2 # Succeeded: StageSucceeded"]
        places = [told.index(part) for part in wanted]
        assert places == sorted(places)

        assert main(["logs", "dsp/train", "--previous", *place]) == 0
        assert "pack/1 | reading rows, try 1" in capsys.readouterr().out
        for pod in space.list("Pod"):
            space.delete("Pod", pod["metadata"]["name"], gracePeriodSeconds=0)
        space.wait("no Pod", lambda: not space.list("Pod"), 30)
        assert main(["logs", "dsp/train", "--attempt", "1", *place]) == 0
        left = capsys.readouterr().out
        assert "are gone; this is what its record tells" in left
        assert "StageCrashed" in left
    assert main(["logs", "trun/absent", *place]) == 1
    assert "does not exist" in capsys.readouterr().err


def log_of(pod: Raw) -> list[str]:
    return [f"reading rows, try {pod['metadata']['labels']['sluice.dev/attempt']}", "größer"]
