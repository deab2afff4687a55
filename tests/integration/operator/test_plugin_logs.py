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
from support.teamspace import Teamspace


class Held:
    """Answers of stages that are kept until the test lets them go."""

    def __init__(self) -> None:
        self.stages = Stages(faults=[(ExitCode.BUG, None, "stage_crashed")])
        self.go = threading.Event()

    def __call__(self, envelope: Envelope) -> Answer | None:
        return self.stages(envelope) if self.go.is_set() else None


def running_pod(space: Teamspace, attempt: int) -> str:
    """Name of the Pod of that attempt, once it runs."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [
            pod["metadata"]["name"]
            for pod in space.list("Pod")
            if pod["metadata"]["labels"]["sluice.dev/attempt"] == str(attempt)
            and pod.get("status", {}).get("phase") == "Running"
        ]
        return bool(found)

    space.wait(f"Pod of attempt {attempt}", look, 60)
    return found[0]


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
        PodDriver(space, held),
    ):
        follow.start()
        for attempt in (1, 2):
            pod = running_pod(space, attempt)
            kubelet.logs[pod] = [f"reading rows, try {attempt}", "größer"]
            kubelet.bind(space, pod)
            held.go.set()
            kubelet.ended.set()
            space.wait(f"end of {pod}", lambda pod=pod: not _is_running(space, pod), 30)  # type: ignore[misc]
            held.go.clear()
        space.wait_condition("DatasetPack", "train", "Finished")
        follow.join(30)
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


def _is_running(space: Teamspace, pod: str) -> bool:
    found = space.find("Pod", pod)
    return found is not None and found.get("status", {}).get("phase") == "Running"
