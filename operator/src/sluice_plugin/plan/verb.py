"""The verb `plan -f FILE`: what would happen if the files were applied. Nothing is written anywhere.

Exit code 0: everything is valid and gets on by itself; 1: something is invalid, or would stall. With --strict
also: something would wait for what neither the files nor the cluster hold.
"""

import argparse
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.markup import escape

from sluice_operator.kinds import WATCHED
from sluice_plugin import cluster, options
from sluice_plugin.console import console, print_json
from sluice_plugin.errors import Refused
from sluice_plugin.plan import settings
from sluice_plugin.plan.check import Document, Problem, check, is_ours
from sluice_plugin.plan.files import Manifest, read_manifests
from sluice_plugin.plan.metadata import NAMESPACE_HINT, is_namespace
from sluice_plugin.plan.planned import Planned, plan_for, refused_changes
from sluice_plugin.plan.settings import Known
from sluice_plugin.plan.together import elsewhere, given_twice
from sluice_plugin.plan.world import World

ASSUMED = "every stage ends well, every candidate passes its gate, and new packs have rows enough"
_COLOURS = {"stalled": "red", "held": "yellow", "wait": "yellow", "ready": "green", "traffic": "green"}


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("plan", help="what would happen if files were applied; writes nothing")
    parser.add_argument(
        "-f", "--filename", action="append", required=True, metavar="FILE|FOLDER|-", help="may be given again"
    )
    parser.add_argument(
        "--strict", action="store_true", help="fail also where an object of the files would wait for ever"
    )
    parser.add_argument("--offline", action="store_true", help="ask no cluster: nothing exists but the files")
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="settings of the operator, or values of its chart"
    )
    options.add_cluster(parser)
    options.add_operator(parser)
    options.add_output(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Plan."""
    offline = args.offline or not options.has_kubeconfig(args)
    manifests = read_manifests(args.filename)
    namespace = args.namespace or ("default" if offline else options.namespace(args))
    if not is_namespace(namespace):
        raise Refused(f"--namespace {namespace!r} is not a valid namespace; {NAMESPACE_HINT}")
    documents, problems = sort_out([m for m in manifests if is_ours(m)], namespace)
    problems += [*elsewhere(documents, args.namespace), *given_twice(documents)]
    if not documents and not problems:
        raise Refused(f"nothing of Sluice in {', '.join(args.filename)}")
    known = _settings(args, documents, offline=offline)
    world = _world(args, known, documents, offline=offline)
    problems += refused_changes(world, documents)
    planned, at_rest = plan_for(world, documents) if not problems else ((), True)
    left_out = [f"{m.where} is no object of Sluice and is left out" for m in manifests if not is_ours(m)]
    doubts = _doubts(documents, known, at_rest=at_rest, offline=offline)
    _answer(args, problems, planned, [*left_out, *known.notes, ASSUMED, *doubts])
    stuck = [p for p in planned if p.is_stalled or (args.strict and p.is_waiting)]
    return 1 if problems or stuck else 0


def sort_out(manifests: Iterable[Manifest], namespace: str) -> tuple[list[Document], list[Problem]]:
    """Valid objects, and all that is wrong with the others."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for manifest in manifests:
        found = check(manifest, namespace)
        if isinstance(found, Document):
            documents.append(found)
        else:
            problems += found
    return documents, problems


def _settings(args: argparse.Namespace, documents: list[Document], *, offline: bool) -> Known:
    if args.settings:
        return settings.from_file(args.settings)
    assumed = settings.defaults(documents)
    if offline:
        return assumed
    try:
        return Known(cluster.read_settings(options.access(args), args.operator_namespace))
    except Refused as error:
        return Known(
            assumed.settings, (f"the operator's settings could not be read: {error}", *assumed.notes)
        )


def _world(args: argparse.Namespace, known: Known, documents: list[Document], *, offline: bool) -> World:
    """What exists before the files are applied."""
    world = World(known.settings, datetime.now(UTC).replace(microsecond=0))
    for namespace in () if offline else sorted({d.key.namespace for d in documents}):
        for kind, data in cluster.read_objects(options.access(args), namespace, tuple(WATCHED)):
            world.load(kind, data)
    return world


def _doubts(documents: list[Document], known: Known, *, at_rest: bool, offline: bool) -> Iterable[str]:
    watched = known.settings.watch_namespaces
    for namespace in sorted({d.key.namespace for d in documents}):
        if watched and namespace not in watched:
            yield f"the operator does not watch namespace {namespace}: nothing of this would happen"
    if not at_rest:
        yield "things went on changing: the plan ends before they were at rest"
    if offline:
        yield "no cluster was asked: nothing exists yet but what the files hold"


def _answer(
    args: argparse.Namespace, problems: list[Problem], planned: Iterable[Planned], notes: list[str]
) -> None:
    if args.output == "json":
        print_json(
            {
                "problems": [p.dump() for p in problems],
                "objects": [p.dump() for p in planned],
                "notes": notes,
            }
        )
        return
    for problem in problems:
        hint = f"; {problem.hint}" if problem.hint else ""
        console().print(f"[red]✖[/] {escape(f'{problem.where}: {problem.path}: {problem.message}{hint}')}")
    for one in planned:
        _show(one)
    for note in notes if not problems else ():
        console().print(f"[dim]• {escape(note)}[/]")
    console().print("Nothing was written.")


def _show(one: Planned) -> None:
    console().print(f"[bold]{escape(f'{one.key.kind}/{one.key.name}')}[/]  {one.change}")
    for need in one.needs:
        console().print(f"  {'needs':8} {escape(need)}")
    for step in one.steps:
        colour = _COLOURS.get(step.action, "default")
        times = f" ({step.times} times)" if step.times > 1 and step.action != "wait" else ""
        console().print(f"  [{colour}]{step.action:8}[/] {escape(step.text)}{times}")
    if one.steps and one.steps[-1].action in ("stalled", "held"):
        console().print(f"  {'':8} → {escape(str(one.steps[-1].details.get('nextStep', '')))}")
