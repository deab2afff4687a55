"""The verb `logs KIND/NAME`.

Lines of a log begin with `stage/attempt |`, what the plugin says with `stage/attempt #`. Exit code 0: shown;
1: nothing to show, or with -f: the object is stalled in the end.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sluice_api.text import printable
from sluice_operator.kinds import Kind
from sluice_operator.model import Key, Related
from sluice_plugin import cluster, options
from sluice_plugin.logs.attempts import Wanted
from sluice_plugin.logs.follow import follow, show
from sluice_plugin.names import parse_target
from sluice_plugin.options import Access


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("logs", help="what an object's stages say, from attempt to attempt")
    parser.add_argument("target", metavar="KIND/NAME", help="any object of Sluice")
    parser.add_argument("--stage", help="pack, prepare, train, package, evaluate, judge, verify, serve, ...")
    parser.add_argument("--attempt", type=int, metavar="N", help="number of the attempt; default: the newest")
    parser.add_argument("--previous", action="store_true", help="the attempt before that one")
    parser.add_argument("-f", "--follow", action="store_true", help="go on through all attempts to the end")
    options.add_cluster(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show logs."""
    kind, name = parse_target(args.target, "TrainingRun")
    source = Logs(options.access(args), Key(options.namespace(args), kind, name))
    wanted = Wanted(args.stage, args.attempt)
    if args.follow and not args.previous:
        return 0 if follow(source, wanted, say) else 1
    show(source, wanted, say, previous=args.previous)
    return 0


def say(line: str) -> None:
    """One line, at once: somebody may be watching through a pipe."""
    print(printable(line), flush=True)  # noqa: T201 - the answer of the command


@dataclass(frozen=True)
class Logs:
    """Objects and logs of a cluster."""

    access: Access
    key: Key

    def related(self) -> Related | None:
        """The object with its children, as they are now."""
        kinds: tuple[Kind, ...] = (self.key.kind, "Job", "Pod", "ControllerRevision")
        return cluster.read_namespace(self.access, self.key.namespace, kinds).related(self.key)

    def log(self, pod: str, container: str, *, follow: bool) -> Iterator[str]:
        """Lines of a container's log."""
        return cluster.read_log(self.access, self.key.namespace, pod, container, follow=follow)
