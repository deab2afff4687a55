"""The command line: arguments in, exit code out. The work is done elsewhere.

Results go to standard output, progress and errors to standard error.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sluice_localcluster import binaries, cluster, images, status
from sluice_localcluster.down import down
from sluice_localcluster.errors import LocalClusterError
from sluice_localcluster.up import up

READER_GONE = 128 + 13
"""Exit code of a program that SIGPIPE ended, as shells tell it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code = int(arguments.run(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads, such as `head`, has seen enough; at its end Python must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except LocalClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; `up` goes on from here, `down` removes everything", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sluice_localcluster", description="A whole Kubernetes on this machine."
    )
    parser.add_argument(
        "--name",
        default=os.environ.get("SLUICE_CLUSTER", cluster.DEFAULT_NAME),
        help="which cluster (default: $SLUICE_CLUSTER or %(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("up", help="make, complete or repair the cluster (root)")
    command.add_argument("--fake-gpus", type=int, help="GPUs that the node pretends to have")
    command.set_defaults(run=_up)
    command = commands.add_parser("down", help="remove the cluster and every trace of it (root)")
    command.set_defaults(run=_down)
    command = commands.add_parser("status", help="show what runs; exit code 1 if not all is ready")
    command.set_defaults(run=_status)
    command = commands.add_parser("logs", help="show the components' logs")
    command.add_argument("component", nargs="?", help="one of those that `status` shows")
    command.add_argument("--follow", "-f", action="store_true", help="wait for more")
    command.set_defaults(run=_logs)
    command = commands.add_parser("load-image", help="import docker or OCI archives (root)")
    command.add_argument("archives", nargs="+", type=Path, metavar="FILE.tar")
    command.set_defaults(run=_load_image)
    # No character begins an option here, so that every argument reaches kubectl.
    command = commands.add_parser(
        "kubectl", help="run kubectl as administrator", add_help=False, prefix_chars="\0"
    )
    command.add_argument("arguments", nargs=argparse.REMAINDER)
    command.set_defaults(run=_kubectl)
    command = commands.add_parser("env", help='print what a shell needs: eval "$(... env)"')
    command.set_defaults(run=_env)
    command = commands.add_parser("build", help="build programs and stop; without names, those of a cluster")
    command.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join(sorted(binaries.BY_NAME)))
    command.set_defaults(run=_build)
    return parser


def _up(arguments: argparse.Namespace) -> int:
    made = up(arguments.name, arguments.fake_gpus)
    print(status.describe(made)[0])
    return 0


def _down(arguments: argparse.Namespace) -> int:
    down(arguments.name)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    table, ready = status.describe(cluster.require(arguments.name))
    print(table)
    return 0 if ready else 1


def _logs(arguments: argparse.Namespace) -> int:
    processes = cluster.require(arguments.name).processes
    known = processes.logged()
    if arguments.component not in (None, *known):
        raise LocalClusterError(f"no component {arguments.component!r}; there are: {', '.join(known)}")
    names = [arguments.component] if arguments.component else known
    files = [str(processes.log_file(name)) for name in names]
    follow = ["--follow=name"] if arguments.follow else []
    return subprocess.run(["tail", "--lines=50", *follow, *files], check=False).returncode


def _load_image(arguments: argparse.Namespace) -> int:
    target = cluster.require(arguments.name)
    for archive in arguments.archives:
        images.load(target, archive)
    return 0


def _kubectl(arguments: argparse.Namespace) -> int:
    target = cluster.require(arguments.name)
    argv = ["kubectl", f"--kubeconfig={target.kubeconfig}", *arguments.arguments]
    os.execv(target.plane.binaries / "kubectl", argv)  # noqa: S606 - no shell is wanted


def _env(arguments: argparse.Namespace) -> int:
    print(status.render_environment(cluster.require(arguments.name)))
    return 0


def _build(arguments: argparse.Namespace) -> int:
    for name in arguments.programs or [program.name for program in binaries.ALL]:
        program = binaries.named(name)
        print(binaries.ensure(program) / program.name)
    return 0
