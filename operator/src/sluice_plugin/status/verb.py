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
from sluice_plugin.cluster import RESOURCE_KINDS, read_namespace
from sluice_plugin.console import MARKS, console, print_json
from sluice_plugin.status.tree import Node, forest

_PAUSE_S = 2.0


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("status", help="packs, runs, gates and Deployments as a tree, with progress")
    options.add_cluster(parser)
    options.add_output(parser)
    parser.add_argument("-w", "--watch", action="store_true", help="keep the tree up to date until Ctrl-C")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the tree."""
    if args.output == "json":
        print_json([node.dump() for node in _read(args)])
    elif args.watch:
        _watch(args)
    else:
        console().print(render(_read(args), options.namespace(args)))
    return 0


def _watch(args: argparse.Namespace) -> None:
    name = options.namespace(args)
    with Live(render(_read(args), name), console=console(), refresh_per_second=4) as live:
        while True:
            time.sleep(_PAUSE_S)
            live.update(render(_read(args), name))


def _read(args: argparse.Namespace) -> tuple[Node, ...]:
    cache = read_namespace(options.kubeconfig(args), options.namespace(args), RESOURCE_KINDS)
    keys = cache.keys()
    return forest(found for found in map(cache.resource, keys) if found is not None)


def render(nodes: tuple[Node, ...], namespace: str) -> Group | Text:
    """The tree as rich shows it."""
    if not nodes:
        return Text(f"Nothing of Sluice in namespace {namespace}.")
    return Group(*(_branch(node, None) for node in nodes))


def _branch(node: Node, parent: Tree | None) -> Tree:
    label = f"{MARKS[node.mark]} {node.kind}/[bold]{escape(node.name)}[/]  {escape(node.phase)}"
    label += f" [dim]{escape(node.reason)}[/]" if node.reason else ""
    label += f"  {escape(node.text)}" if node.text else ""
    branch = Tree(label) if parent is None else parent.add(label)
    for child in node.children:
        _branch(child, branch)
    return branch
