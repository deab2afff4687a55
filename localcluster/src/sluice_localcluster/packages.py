"""Programs that come from the distribution, found or installed.

As root on Debian or Ubuntu the missing packages are installed, with services kept from
starting; everybody else is told what to install. Our own programs are `binaries.py`'s.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.lock import exclusive
from sluice_localcluster.paths import cache_folder
from sluice_localcluster.progress import say
from sluice_localcluster.visible import run_visibly, tail

# Program, or file, and the Debian package that brings it.
OPENSSL = {"openssl": "openssl"}
NODE = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ptp": "containernetworking-plugins",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    **OPENSSL,
}
_CNI_FOLDERS = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")
_ADMINISTRATORS = "/usr/local/sbin:/usr/sbin:/sbin"  # not on every root's PATH

_POLICY = Path("/usr/sbin/policy-rc.d")
_SAVED_POLICY = Path("/usr/sbin/policy-rc.d.sluice-saved")
_REFUSAL = "#!/bin/sh\n# sluice: no service starts while its packages are installed\nexit 101\n"


def search_path() -> str:
    """Return PATH with the administrators' folders and the CNI plugins'."""
    return ":".join((os.environ.get("PATH", os.defpath), _ADMINISTRATORS, *_CNI_FOLDERS))


def find(program: str) -> Path | None:
    """Return where a program, or a file given by its path, lies; or None."""
    if program.startswith("/"):
        return Path(program) if Path(program).exists() else None
    found = shutil.which(program, path=search_path())
    return Path(found) if found else None


def missing(needed: Mapping[str, str]) -> list[str]:
    """Return the packages that bring what was not found."""
    return sorted({package for program, package in needed.items() if find(program) is None})


def ensure(needed: Mapping[str, str]) -> None:
    """Install the packages of `needed` that are missing, or say how to."""
    packages = missing(needed)
    if not packages:
        return
    lacking = ", ".join(program for program in needed if find(program) is None)
    if shutil.which("apt-get") is None:
        raise LocalClusterError(f"{lacking} not found; install what Debian calls {' '.join(packages)}")
    if os.geteuid() != 0:
        raise LocalClusterError(
            f"{lacking} not found; run: sudo apt-get install --no-install-recommends " + " ".join(packages)
        )
    with installing():
        _install(packages)
    if left := missing(needed):
        raise LocalClusterError(f"{left} were installed, but {lacking} is still not found")


@contextmanager
def installing() -> Iterator[None]:
    """Keep packages from starting services; the machine's own policy comes back after."""
    with exclusive(cache_folder() / "packages.lock", "waiting for another installation"):
        if _policy() not in ("", _REFUSAL):
            _POLICY.replace(_SAVED_POLICY)
        _POLICY.write_text(_REFUSAL)
        _POLICY.chmod(0o755)
        try:
            yield
        finally:
            _put_policy_back()


def repair() -> None:
    """Put the service policy back that a killed installation left behind."""
    with exclusive(cache_folder() / "packages.lock", "waiting for another installation"):
        _put_policy_back()


def _put_policy_back() -> None:
    if _policy() == _REFUSAL:
        _POLICY.unlink()
    if _SAVED_POLICY.exists():
        _SAVED_POLICY.replace(_POLICY)


def _policy() -> str:
    return _POLICY.read_text() if _POLICY.exists() else ""


def _install(packages: list[str]) -> None:
    what = f"installing the Debian packages {' '.join(packages)}"
    say(what)
    install = ["install", "--yes", "--no-install-recommends", *packages]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "apt.log"
        if _apt_get(what, install, log) == 0:
            return
        _apt_get("updating the package lists", ["update"], log)
        if _apt_get(what, install, log) != 0:
            raise LocalClusterError(f"apt-get failed:\n{tail(log, 20)}")


def _apt_get(what: str, arguments: list[str], log: Path) -> int:
    argv = ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=600", *arguments]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return run_visibly(what, argv, log, env=env)[0]
