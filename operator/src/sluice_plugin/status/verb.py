"""The verb `status`: read, make the tree, show it; with `-w` again and again."""

import argparse
import time
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text
from rich.tree import Tree

from sluice_plugin import options
from sluice_plugin.cluster import RESOURCE_KINDS, read_namespace, require_namespace
from sluice_plugin.console import MARKS, console, print_json
from sluice_plugin.status.tree import Node, forest

_PAUSE_S = 2.0
Trees = dict[str, tuple[Node, ...]]


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("status", help="packs, runs, gates and Deployments as a tree, with progress")
    options.add_cluster(parser)
    options.add_output(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="a tree for each namespace")
    parser.add_argument("-w", "--watch", action="store_true", help="keep the tree up to date until Ctrl-C")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the tree."""
    found = _read(args)
    if not found and not args.all_namespaces:
        require_namespace(options.access(args), options.namespace(args))
    if args.output == "json":
        print_json(_plain(args, found))
    elif args.watch:
        _watch(args)
    else:
        console().print(_render(args, found))
    return 0


def _watch(args: argparse.Namespace) -> None:
    with Live(_render(args, _read(args)), console=console(), refresh_per_second=4) as live:
        while True:
            time.sleep(_PAUSE_S)
            live.update(_render(args, _read(args)))


def _read(args: argparse.Namespace) -> Trees:
    """Trees by namespace; a namespace without objects has none."""
    namespace = None if args.all_namespaces else options.namespace(args)
    cache = read_namespace(options.access(args), namespace, RESOURCE_KINDS)
    found = [resource for key in cache.keys() if (resource := cache.resource(key)) is not None]  # noqa: SIM118
    spaces = sorted({resource.key.namespace for resource in found})
    return {space: forest(r for r in found if r.key.namespace == space) for space in spaces}


def _plain(args: argparse.Namespace, found: Trees) -> Any:
    told = {space: [node.dump() for node in nodes] for space, nodes in found.items()}
    return told if args.all_namespaces else told.get(options.namespace(args), [])


def _render(args: argparse.Namespace, found: Trees) -> Group | Text:
    if not args.all_namespaces:
        namespace = options.namespace(args)
        return render(found.get(namespace, ()), f"namespace {namespace}")
    titled = [part for space, nodes in found.items() for part in (Text(space, "bold"), render(nodes, space))]
    return Group(*titled) if titled else render((), "any namespace")


def render(nodes: tuple[Node, ...], where: str) -> Group | Text:
    """A tree as rich shows it."""
    if not nodes:
        return Text(f"There is nothing of Sluice in {where}.")
    return Group(*(_branch(node, None) for node in nodes))


def _branch(node: Node, parent: Tree | None) -> Tree:
    label = f"{MARKS[node.mark]} {node.kind}/[bold]{escape(node.name)}[/]  {escape(node.phase)}"
    label += f" [dim]{escape(node.reason)}[/]" if node.reason else ""
    label += f"  {escape(node.text)}" if node.text else ""
    branch = Tree(label) if parent is None else parent.add(label)
    for child in node.children:
        _branch(child, branch)
    return branch
