"""The verb `lineage NAME`: what the endpoint serves, and what every link back to the rows is worth."""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

from rich.markup import escape

from sluice_api.contracts.envelope import StoreSettings
from sluice_operator.facts import live as facts
from sluice_operator.model import Key, Related
from sluice_plugin import options
from sluice_plugin.cluster import CHAIN_KINDS, read_namespace
from sluice_plugin.console import MARKS, console, print_json, shorten
from sluice_plugin.errors import Refused
from sluice_plugin.lineage.cluster_links import (
    audit_link,
    report_digests,
    revision_link,
    run_link,
    service_link,
    slot_link,
    verdict_link,
)
from sluice_plugin.lineage.link import Link
from sluice_plugin.lineage.store_links import StoreLinks
from sluice_plugin.storage import store_settings

_MARK = {"ok": MARKS["good"], "broken": MARKS["bad"], "note": MARKS["note"]}


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("lineage", help="the verified chain from a live endpoint back to its rows")
    parser.add_argument("name", help="name of the Deployment")
    options.add_cluster(parser)
    options.add_storage(parser)
    options.add_output(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each link as soon as it is proven; 1 when one is broken."""
    namespace = options.namespace(args)
    cache = read_namespace(options.access(args), namespace, CHAIN_KINDS)
    related = cache.related(Key(namespace, "Deployment", args.name))
    if related is None:
        raise Refused(f"there is no Deployment {args.name} of sluice.dev in namespace {namespace}")
    settings = store_settings(args)
    links: list[Link] = []
    for found in chain(related, lambda name: cache.related(Key(namespace, "TrainingRun", name)), settings):
        links.append(found)
        if args.output == "text":
            _show(found)
    broken = [found for found in links if found.state == "broken"]
    if args.output == "json":
        print_json({"name": args.name, "intact": not broken, "links": [found.dump() for found in links]})
    else:
        _conclude(len(links), len(broken))
    return 1 if broken else 0


def chain(
    related: Related, find_run: Callable[[str], Related | None], settings: StoreSettings
) -> Iterator[Link]:
    """All links, from the endpoint back."""
    live = facts.live(related)
    if live is None:
        raise Refused(f"{related.resource.meta.name} serves nothing yet: nothing was ever promoted")
    record = facts.revision(related, live.revision)
    yield service_link(related, live)
    yield slot_link(related, live, record)
    yield revision_link(live, record)
    yield audit_link(facts.audit_records(related))
    if record is not None:
        yield verdict_link(record)
        made_by = find_run(record.run)
        yield run_link(made_by, record)
        yield from StoreLinks(settings, report_digests(made_by)).chain(record)


def _show(found: Link) -> None:
    told = f"{escape(shorten(found.subject))}  [dim]{escape(shorten(found.detail))}[/]"
    console().print(f"{_MARK[found.state]} {found.name:15} {told}")


def _conclude(links: int, broken: int) -> None:
    if broken:
        console().print(f"[red]The chain is broken: {broken} of {links} links do not hold.[/]")
    else:
        console().print(f"[green]The chain holds: {links} links, every stored byte hashed again.[/]")
