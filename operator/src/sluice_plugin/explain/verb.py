"""The verb `explain`: read a namespace once, walk upstream, print every finding and one line of advice.

Exit code 0: nothing to do, or only to wait; 1: a person has to act.
"""

import argparse
from typing import Any

from rich.markup import escape

from sluice_plugin import options
from sluice_plugin.cluster import RESOURCE_KINDS, read_namespace
from sluice_plugin.console import MARKS, console, print_json
from sluice_plugin.errors import Refused
from sluice_plugin.explain.advice import advise
from sluice_plugin.explain.finding import Section
from sluice_plugin.explain.walk import World, walk
from sluice_plugin.names import parse_target


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "explain", help="why is this not live? every condition on the way, with its next step"
    )
    parser.add_argument(
        "target", metavar="NAME|KIND/NAME", help="a Deployment by name, or any object of Sluice"
    )
    options.add_cluster(parser)
    options.add_output(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain one object."""
    kind, name = parse_target(args.target, "Deployment")
    namespace = options.namespace(args)
    kinds = (*RESOURCE_KINDS, "ControllerRevision")
    world = World(read_namespace(options.access(args), namespace, kinds), namespace)
    resource = world.find(kind, name)
    if resource is None:
        raise Refused(f"there is no {kind} {name} of sluice.dev in namespace {namespace}")
    sections = walk(world, resource)
    advice = advise(sections)
    if args.output == "json":
        print_json({"sections": [s.dump() for s in sections], "next": advice.__dict__})
    else:
        for section in sections:
            _show(section)
        console().print(f"[bold]Next:[/] {escape(advice.line)}")
    return 1 if advice.needs_person else 0


def _show(section: Section) -> None:
    console().print(f"[bold]{escape(section.title)}[/]  {escape(section.phase)}")
    for line in section.lines:
        console().print(f"    {escape(line)}")
    for finding in section.findings:
        if finding.mark == "note" and not finding.message:
            continue
        parts = (escape(finding.label), finding.reason, f"[dim]{escape(finding.message)}[/]")
        console().print(f"  {MARKS[finding.mark]} {'  '.join(filter(None, parts))}")
        if finding.next_step:
            console().print(f"      → {escape(finding.next_step)}")
