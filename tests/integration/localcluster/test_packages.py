"""Installing what the machine misses, with a stand-in for apt-get."""

import os
from pathlib import Path

import pytest

from sluice_localcluster import packages
from sluice_localcluster.errors import LocalClusterError

PROGRAM = "sluice-test-program"
NEEDED = {PROGRAM: "sluice-test-package"}
OWN_POLICY = "#!/bin/sh\nexit 0\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with its own service policy and an apt-get that copies the one it sees."""
    monkeypatch.setenv("SLUICE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(packages, "_POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(packages, "_SAVED_POLICY", tmp_path / "policy-rc.d.saved")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "policy-rc.d").write_text(OWN_POLICY)
    write_apt_get(
        tmp_path,
        f'case "$*" in *install*) cp {tmp_path}/policy-rc.d {tmp_path}/seen;'
        f" cp $0 {tmp_path}/{PROGRAM};; esac",
    )
    return tmp_path


def write_apt_get(folder: Path, script: str) -> None:
    (folder / "apt-get").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "apt-get").chmod(0o755)


def test_services_are_refused_during_the_installation_and_only_then(machine: Path) -> None:
    packages.ensure(NEEDED)
    assert "exit 101" in (machine / "seen").read_text()
    assert (machine / "policy-rc.d").read_text() == OWN_POLICY
    assert not (machine / "policy-rc.d.saved").exists()


def test_a_machine_without_policy_has_none_afterwards(machine: Path) -> None:
    (machine / "policy-rc.d").unlink()
    packages.ensure(NEEDED)
    assert (machine / "seen").exists()
    assert not (machine / "policy-rc.d").exists()


def test_a_killed_installation_is_put_right(machine: Path) -> None:
    (machine / "policy-rc.d").rename(machine / "policy-rc.d.saved")
    (machine / "policy-rc.d").write_text(packages._REFUSAL)
    packages.repair()
    assert (machine / "policy-rc.d").read_text() == OWN_POLICY


def test_a_failure_shows_what_apt_said_and_puts_the_policy_back(machine: Path) -> None:
    write_apt_get(machine, "echo no such package; exit 100")
    with pytest.raises(LocalClusterError, match="no such package"):
        packages.ensure(NEEDED)
    assert (machine / "policy-rc.d").read_text() == OWN_POLICY


def test_who_is_not_root_gets_the_one_command(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    expected = "sudo apt-get install --no-install-recommends sluice-test-package"
    with pytest.raises(LocalClusterError, match=expected):
        packages.ensure(NEEDED)
    assert not (machine / "seen").exists()


def test_a_machine_without_apt_is_told_what_to_install(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(machine / "empty"))
    with pytest.raises(LocalClusterError, match="install what Debian calls sluice-test-package"):
        packages.ensure(NEEDED)
