"""The verbs `promote`, `rollback`, `clear-rollback` and `approve`.

Each shows what will happen, writes one request in the person's own name, and follows it. Exit code 0: done,
or waiting for what is told; 1: refused, or no answer in time.
"""

import argparse
from collections.abc import Callable
from typing import Any

from rich.markup import escape

from sluice_api.decisions import Request
from sluice_operator import raw
from sluice_operator.cache import Cache
from sluice_operator.kinds import Kind
from sluice_operator.model import Key, Related, ResourceKind
from sluice_plugin import options
from sluice_plugin.cluster import RESOURCE_KINDS, read_namespace
from sluice_plugin.console import MARKS, console, print_json, shorten
from sluice_plugin.decide import traffic
from sluice_plugin.decide.approval import approve
from sluice_plugin.decide.asked import Asked, Nothing
from sluice_plugin.decide.outcome import Outcome, State, follow, of_approval, of_traffic
from sluice_plugin.decide.person import ask
from sluice_plugin.errors import Refused

Decide = Callable[[argparse.Namespace, Cache], Asked | Nothing]
READ: tuple[Kind, ...] = (*RESOURCE_KINDS, "Service", "ControllerRevision")
_MARK: dict[State, str] = {
    "Asked": "busy",
    "Acting": "busy",
    "Waiting": "note",
    "Done": "good",
    "Refused": "bad",
}


def add_to(verbs: Any) -> None:
    """Add the verbs to the command line."""
    parser = _add(verbs, "promote", _promote, "make an artifact that passed live")
    _add_artifact(parser)
    parser = _add(verbs, "rollback", _rollback, "go back to what was live before")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--to", metavar="DIGEST", help="what was live before; default: the one before")
    chosen.add_argument("--revision", type=int, metavar="N", help="the same by the number of its revision")
    parser = _add(verbs, "clear-rollback", _clear, "let what was rolled back go live again")
    parser.add_argument("--digest", help="needed when several are kept out")
    parser = _add(verbs, "approve", _approve, "let a Pass count, where a gate asks for a person", "gate")
    _add_artifact(parser)


def _add(verbs: Any, verb: str, decide: Decide, told: str, argument: str = "name") -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(verb, help=told)
    kind = "an EvalGate" if argument == "gate" else "a Deployment (modeldeployments.sluice.dev)"
    parser.add_argument(argument, metavar=argument.upper(), help=kind)
    parser.add_argument("--dry-run", action="store_true", help="show what would happen, and ask nothing")
    parser.add_argument("--wait", action="store_true", help="follow it also while it waits for something")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS", help="default: 600")
    options.add_cluster(parser)
    options.add_output(parser)
    parser.set_defaults(run=run, decide=decide)
    return parser


def _add_artifact(parser: argparse.ArgumentParser) -> None:
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--digest", help="digest of the artifact, or its first digits; default: the newest")
    chosen.add_argument("--run", dest="of_run", metavar="RUN", help="the same by the run that made it")


def run(args: argparse.Namespace) -> int:
    """Decide one thing."""
    asked = args.decide(args, _read(args))
    text = args.output == "text"
    if isinstance(asked, Nothing):
        _conclude(args, None, Outcome("Done", message=asked.message))
        return 0
    request = ask(options.access(args), options.namespace(args), asked, dry_run=args.dry_run)
    if text:
        for line in asked.will:
            console().print(f"{MARKS['note']} {escape(line)}")
    if args.dry_run:
        _conclude(args, asked, Outcome("Asked", message="nothing was asked: --dry-run"))
        return 0
    found = follow(
        lambda: _outcome(args, asked, request),
        lambda told: _show(told) if text else None,
        seconds=args.timeout,
        through_waiting=args.wait,
    )
    return _finish(args, asked, request, found)


def _finish(args: argparse.Namespace, asked: Asked, request: Request, found: Outcome) -> int:
    is_over = found.is_final or (found.state == "Waiting" and not args.wait)
    if args.output == "json":
        told = {"request": request.text(), "outcome": found.__dict__}
        print_json({"decision": asked.decision, "name": asked.name, "will": asked.will, **told})
    elif not is_over:
        _show(Outcome(found.state, message=f"no answer after {args.timeout:g} s; the request stands"))
    return 0 if is_over and found.state != "Refused" else 1


def _conclude(args: argparse.Namespace, asked: Asked | None, found: Outcome) -> None:
    if args.output == "text":
        _show(found)
        return
    will = asked.will if asked else ()
    print_json({"will": will, "request": None, "outcome": found.__dict__})


def _show(found: Outcome) -> None:
    parts = (found.reason, escape(shorten(found.message)))
    console().print(f"{MARKS[_MARK[found.state]]} {found.state}  {'  '.join(filter(None, parts))}")


def _read(args: argparse.Namespace) -> Cache:
    return read_namespace(options.access(args), options.namespace(args), READ)


def _find(args: argparse.Namespace, cache: Cache, kind: ResourceKind, name: str) -> Related:
    namespace = options.namespace(args)
    found = cache.related(Key(namespace, kind, name))
    if found is None:
        raise Refused(f"there is no {kind} {name} of sluice.dev in namespace {namespace}")
    return found


def _promote(args: argparse.Namespace, cache: Cache) -> Asked | Nothing:
    me = _find(args, cache, "Deployment", args.name)
    gate = raw.text(me.resource.spec, "gateRef", "name")
    judged = cache.related(Key(options.namespace(args), "EvalGate", gate))
    return traffic.promote(me, judged, args.digest, args.of_run)


def _rollback(args: argparse.Namespace, cache: Cache) -> Asked | Nothing:
    return traffic.rollback(_find(args, cache, "Deployment", args.name), args.to, args.revision)


def _clear(args: argparse.Namespace, cache: Cache) -> Asked | Nothing:
    return traffic.clear(_find(args, cache, "Deployment", args.name), args.digest)


def _approve(args: argparse.Namespace, cache: Cache) -> Asked | Nothing:
    return approve(_find(args, cache, "EvalGate", args.gate), args.digest, args.of_run)


def _outcome(args: argparse.Namespace, asked: Asked, request: Request) -> Outcome:
    me = _find(args, _read(args), asked.kind, asked.name)
    return of_approval(me, request) if asked.decision == "approve" else of_traffic(me, request)
