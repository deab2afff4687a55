"""The train stage as a process of its own, as its Pod runs it: signals, progress, markers."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sluice_api.contracts.envelope import ExitCode
from sluice_api.contracts.requests import TrainRequest
from sluice_api.layout import checkpoints_key
from support.training import FINGERPRINT, Bench, make_bench

PATIENCE_S = 120
ENDLESS = 100_000


def start(bench: Bench, request: TrainRequest, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir()
    envelope = {
        "stage": "train",
        "namespace": "demo",
        "owner": "run",
        "request": request.dump(),
        "store": {"root": bench.root.as_uri()},
    }
    (folder / "request.json").write_text(json.dumps(envelope))
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sluice_trainer",
            "train",
            "--request",
            folder / "request.json",
            "--work",
            folder,
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_step(child: subprocess.Popen[str], progress: Path, step: int) -> int:
    """Poll the progress file, which must be whole whenever it is there. The first step that was seen."""
    until, seen = time.monotonic() + PATIENCE_S, 0
    while time.monotonic() < until and child.poll() is None:
        now = json.loads(progress.read_text())["step"] if progress.exists() else 0
        seen = seen or now
        if now >= step:
            return seen
        time.sleep(0.02)
    pytest.fail(
        f"no step {step} within {PATIENCE_S} s; the child said: {child.communicate(timeout=10)[1][-2000:]}"
    )


def done_markers(bench: Bench, below: str) -> list[str]:
    return [key for key in bench.store.list(below) if "/done-" in key]


def test_T16_T17_signal_saves_a_checkpoint_and_the_next_process_goes_on(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    request = bench.train_request(ENDLESS, checkpoint={"everySteps": ENDLESS})
    with start(bench, request, tmp_path / "first") as child:
        wait_for_step(child, tmp_path / "first" / "progress.json", 30)
        child.send_signal(signal.SIGTERM)
        log = child.communicate(timeout=PATIENCE_S)[1]

    assert child.returncode == ExitCode.STOPPED_ON_REQUEST, log
    assert '"reason": "stopped_on_request"' in log
    (saved,) = done_markers(bench, checkpoints_key(FINGERPRINT))
    step = int(saved.split("/step-")[1].split("/")[0])
    assert step >= 30
    assert done_markers(bench, "train") == [saved], "no marker says that the training is done"

    with start(bench, request, tmp_path / "second") as child:
        first_seen = wait_for_step(child, tmp_path / "second" / "progress.json", step + 1)
        child.kill()
    assert first_seen > step, "it started over"
    assert done_markers(bench, "train") == [saved], "a killed process leaves no marker"
