"""Starting, recording and ending real processes, also after the driver was killed."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.identity import MARKER, identify, is_alive, marked
from sluice_localcluster.ports import PortLease, is_free
from sluice_localcluster.probe import wait_until
from sluice_localcluster.process import Processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('ready', flush=True); time.sleep(600)",
]


def test_a_process_is_found_by_a_later_driver_and_ended(tmp_path: Path) -> None:
    started = Processes(tmp_path).start("one", SLEEP)
    later = Processes(tmp_path)
    assert later.names() == ["one"]
    assert later.find("one") == started
    later.stop("one")
    assert not is_alive(started)
    assert later.names() == []


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    started = processes.start("one", STUBBORN)
    wait_until("the handler", lambda: b"ready" in processes.log_file("one").read_bytes(), 10)
    processes.stop("one", grace_seconds=0.2)
    assert not is_alive(started)


def test_what_was_never_recorded_is_found_by_its_environment(tmp_path: Path) -> None:
    environment = {**os.environ, MARKER: str(tmp_path)}
    stray = subprocess.Popen(SLEEP, env=environment)
    neighbour = subprocess.Popen(SLEEP, env={**environment, MARKER: f"{tmp_path}-other"})
    try:
        assert [found.pid for found in marked(tmp_path)] == [stray.pid]
        Processes(tmp_path).stop_rest()
        assert stray.wait(60) == -signal.SIGTERM
        assert identify(neighbour.pid) is not None
    finally:
        neighbour.kill()
        neighbour.wait()


def test_a_record_of_a_recycled_pid_kills_nobody(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("one", SLEEP)
    record = tmp_path / "processes" / "one.json"
    stranger = subprocess.Popen(SLEEP)
    processes.stop_rest()
    try:
        record.write_text(f'{{"pid": {stranger.pid}, "start_ticks": 1, "boot_id": "an earlier boot"}}')
        assert processes.find("one") is None
        processes.stop("one")
        assert stranger.poll() is None
        assert not record.exists()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_program_that_dies_says_why(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    argv = [sys.executable, "-c", "print('no such flag', flush=True)"]
    processes.start("one", argv)
    wait_until("its end", lambda: processes.find("one") is None, 10)
    assert "no such flag" in processes.describe_death("one")


def test_a_wait_that_never_ends_names_what_it_waited_for() -> None:
    with pytest.raises(LocalClusterError, match="the moon is not ready"):
        wait_until("the moon", lambda: False, 0.2)


def test_two_leases_never_hold_the_same_port() -> None:
    one, two = PortLease(), PortLease()
    try:
        ports = [lease.take() for _ in range(20) for lease in (one, two)]
        assert len(set(ports)) == len(ports)
        assert all(is_free(port) for port in ports)
    finally:
        one.close()
        two.close()


def test_a_recycled_pid_is_not_the_process() -> None:
    ourselves = identify(1)
    assert ourselves is not None
    assert is_alive(ourselves)
    assert not is_alive(replace(ourselves, start_ticks=ourselves.start_ticks + 1))
    assert not is_alive(replace(ourselves, boot_id="another boot"))


def test_a_pid_that_no_process_has_is_nobody() -> None:
    assert identify(2**22 + 1) is None
