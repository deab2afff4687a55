"""Our programs, built from pinned Go modules and cached by the hash of what pins them.

A build happens in a temporary folder that is renamed when it is complete, under a lock,
so neither a kill nor a second builder can leave half a binary. Debian's own programs
(containerd, runc, CNI plugins) are `packages.py`'s.
"""

import hashlib
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.lock import exclusive
from sluice_localcluster.paths import GO_FOLDER, cache_folder
from sluice_localcluster.progress import say
from sluice_localcluster.visible import run_visibly, tail

KUBERNETES_VERSION = "v1.36.3"
HELM_VERSION = "v4.3.1"

_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES_VERSION.removeprefix("v").split(".")


@dataclass(frozen=True)
class Program:
    """One binary: where its module lies, which package it is, and its further names."""

    name: str
    module: Path
    pinned_by: tuple[str, ...]
    package: str = "."
    definitions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    about: str = ""


KUBERNETES = Program(
    name="kube-all",
    module=GO_FOLDER,
    pinned_by=("go.mod", "go.sum", "main.go"),
    definitions=(
        f"{_VERSION}.gitVersion={KUBERNETES_VERSION}",
        f"{_VERSION}.gitMajor={_MAJOR}",
        f"{_VERSION}.gitMinor={_MINOR}",
    ),
    aliases=(
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-proxy",
        "kube-scheduler",
        "kubectl",
        "kubelet",
    ),
    about="etcd and all of Kubernetes; 5 to 10 minutes the first time",
)
PAUSE = Program("pause", GO_FOLDER, ("pause/main.go",), "./pause", about="the sandbox process")
COREDNS = Program(
    "coredns",
    GO_FOLDER / "tools" / "coredns",
    ("go.mod", "go.sum", "main.go"),
    about="the cluster's DNS; 1 to 3 minutes the first time",
)
S3_SERVER = Program(
    "versitygw",
    GO_FOLDER / "tools" / "versitygw",
    ("go.mod", "go.sum"),
    "github.com/versity/versitygw/cmd/versitygw",
    about="the S3 server; 1 to 2 minutes the first time",
)
HELM = Program(
    "helm",
    GO_FOLDER / "tools" / "helm",
    ("go.mod", "go.sum"),
    "helm.sh/helm/v4/cmd/helm",
    definitions=(f"helm.sh/helm/v4/internal/version.version={HELM_VERSION}",),
    about="the chart installer; 2 to 3 minutes the first time",
)
PROMTOOL = Program(
    "promtool",
    GO_FOLDER / "tools" / "promtool",
    ("go.mod", "go.sum"),
    "github.com/prometheus/prometheus/cmd/promtool",
    # Tests of rules discover no targets: without the clients of two dozen clouds a third is left to build.
    tags=("remove_all_sd",),
    about="the tester of alerts; 2 to 4 minutes the first time",
)
"""Only the tests of alerts need it, so it is none of ALL."""
ALL = (KUBERNETES, PAUSE, COREDNS, S3_SERVER, HELM)
BY_NAME = {program.name: program for program in (*ALL, PROMTOOL)}


def named(name: str) -> Program:
    """The program of a name. Raises LocalClusterError that lists them all."""
    if name not in BY_NAME:
        raise LocalClusterError(f"no program is named {name}; there are {', '.join(sorted(BY_NAME))}")
    return BY_NAME[name]


def folder_of(program: Program) -> Path:
    """Return where the built program belongs, built or not."""
    digest = hashlib.sha256(repr((platform.machine(), _arguments(program))).encode())
    for name in program.pinned_by:
        digest.update((program.module / name).read_bytes())
    return cache_folder() / "bin" / f"{program.name}-{digest.hexdigest()[:16]}"


def ensure(program: Program) -> Path:
    """Return the folder that holds the program, after building it if it is not there."""
    folder = folder_of(program)
    if folder.is_dir():
        return folder
    busy = f"waiting for another build of {program.name} to end"
    with exclusive(folder.parent / f"{program.name}.lock", busy):
        if not folder.is_dir():
            _build(program, folder)
    return folder


def _build(program: Program, folder: Path) -> None:
    say(f"building {program.name} ({program.about}) into {folder}")
    with tempfile.TemporaryDirectory(prefix=f".{program.name}-", dir=folder.parent) as work:
        made = Path(work) / "bin"
        made.mkdir()
        log = Path(work) / "build.log"
        seconds = _run_go(program, made / program.name, log)
        for alias in program.aliases:
            (made / alias).symlink_to(program.name)
        made.rename(folder)
    say(f"built {program.name} in {seconds:.0f} s")


def _run_go(program: Program, output: Path, log: Path) -> float:
    if shutil.which("go") is None:
        raise LocalClusterError(
            f"the go command is missing, needed to build {program.name}; "
            "install Go 1.26 or newer (go.dev/doc/install) and put it on PATH"
        )
    argv = ["go", "build", "-v", *_arguments(program), "-o", str(output), program.package]
    code, seconds = run_visibly(
        f"building {program.name}",
        argv,
        log,
        folder=program.module,
        env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
        describe=_describe,
    )
    if code != 0:
        raise LocalClusterError(f"building {program.name} failed:\n{tail(log, 20)}")
    return seconds


def _arguments(program: Program) -> list[str]:
    link = " ".join(["-s -w", *(f"-X {definition}" for definition in program.definitions)])
    tags = [f"-tags={','.join(program.tags)}"] if program.tags else []
    return ["-trimpath", "-buildvcs=false", "-mod=readonly", *tags, "-ldflags", link]


def _describe(log: Path) -> str:
    """Say how far the build is: go prints each package, or module, that it works on."""
    lines = log.read_text(errors="replace").splitlines()
    return f"{len(lines)} steps, now {lines[-1]}" if lines else "reading the module graph"
