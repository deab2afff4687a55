"""The verbs `audit verify NAME` and `audit log NAME`."""

import argparse
from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from sluice_api.audit import AuditRecord
from sluice_api.auditcheck import Copy, Place
from sluice_api.contracts.reports import Finding
from sluice_operator.facts.live import audit_records
from sluice_operator.model import Key, Related
from sluice_plugin import options
from sluice_plugin.audit.evidence import Evidence, chain_of, evidence
from sluice_plugin.cluster import read_namespace
from sluice_plugin.console import MARKS, console, print_json, short
from sluice_plugin.errors import Refused
from sluice_plugin.storage import store_settings
from sluice_store.auditlog import list_links, read_chain
from sluice_store.open import open_store

BOTH: tuple[Place, ...] = ("cluster", "archive")


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("audit", help="the audit chain of a Deployment: read it, prove it")
    acts = parser.add_subparsers(title="what to do", required=True, metavar="WHAT")
    verify = acts.add_parser("verify", help="prove every link, in the cluster and in the archive")
    only = verify.add_mutually_exclusive_group()
    only.add_argument("--archive-only", action="store_true", help="look at the archive alone")
    only.add_argument("--cluster-only", action="store_true", help="look at the cluster alone; needs no store")
    log = acts.add_parser("log", help="who did what, when and why, oldest first")
    log.add_argument("--archive", action="store_true", help="read archived links too")
    for act, run in ((verify, run_verify), (log, run_log)):
        act.add_argument("name", help="name of the Deployment")
        options.add_cluster(act)
        options.add_storage(act)
        options.add_output(act)
        act.set_defaults(run=run)


def run_verify(args: argparse.Namespace) -> int:
    """Prove the chain; 1 when something is wrong with it."""
    places: tuple[Place, ...] = BOTH
    if args.archive_only or args.cluster_only:
        places = ("archive",) if args.archive_only else ("cluster",)
    related = _related(args)
    chain, archive = _archived(args, related) if "archive" in places else (chain_of(related), ())
    if chain is None:
        raise Refused(f"{args.name} has no audit chain yet: nothing was decided for it")
    found = evidence(related, chain, archive)
    wrong = found.findings(places)
    if args.output == "json":
        print_json(_summary(args.name, found, wrong))
    else:
        _show(args.name, found, wrong, places)
    return 1 if wrong else 0


def run_log(args: argparse.Namespace) -> int:
    """List the links."""
    related = _related(args)
    links = {r.sequence: r for r in audit_records(related)}
    if args.archive:
        _, archive = _archived(args, related)
        links = {c.sequence: c.record for c in archive if c.record is not None} | links
    ordered = [links[number] for number in sorted(links)]
    if args.output == "json":
        print_json([r.dump() for r in ordered])
        return 0
    if not ordered:
        told = "in the cluster" if not args.archive else "in the cluster or the archive"
        console().print(f"{escape(args.name)} has no audit links {told}: nothing was decided for it yet.")
    for record in ordered:
        console().print(_line(record))
    return 0


def _related(args: argparse.Namespace) -> Related:
    namespace = options.namespace(args)
    cache = read_namespace(options.access(args), namespace, ("Deployment", "ControllerRevision"))
    related = cache.related(Key(namespace, "Deployment", args.name))
    if related is None:
        raise Refused(f"there is no Deployment {args.name} of sluice.dev in namespace {namespace}")
    return related


def _archived(args: argparse.Namespace, related: Related) -> tuple[str | None, tuple[Copy, ...]]:
    """The chain and its archived links. A Deployment without links is judged by its only archived chain."""
    store = open_store(store_settings(args, ledger=True))
    chain = chain_of(related)
    if chain is None:
        chains = sorted(list_links(store, args.name))
        if len(chains) > 1:
            raise Refused(f"{args.name} has no links here, and {len(chains)} chains in the archive: {chains}")
        chain = chains[0] if chains else None
    return chain, read_chain(store, args.name, chain) if chain else ()


def _summary(name: str, found: Evidence, wrong: Sequence[Finding]) -> dict[str, Any]:
    return {
        "name": name,
        "chain": found.chain,
        "intact": not wrong,
        "cluster": _extent(found.cluster),
        "archive": _extent(found.archive),
        "findings": [f.dump() for f in wrong],
    }


def _extent(copies: Sequence[Copy]) -> dict[str, Any]:
    if not copies:
        return {"links": 0}
    newest = copies[-1]
    return {
        "links": len(copies),
        "first": copies[0].sequence,
        "last": newest.sequence,
        "headHash": newest.digest,
    }


def _show(name: str, found: Evidence, wrong: Sequence[Finding], places: Sequence[Place]) -> None:
    for where, copies in (("cluster", found.cluster), ("archive", found.archive)):
        if where in places:
            told = f"links {copies[0].sequence} to {copies[-1].sequence}" if copies else "no links"
            console().print(f"{MARKS['note']} {where:8} {told}")
    for one in wrong:
        told = f"{one.kind} at {one.sequence} ({one.where}): {escape(one.message)}"
        console().print(f"{MARKS['bad']} {told}")
    if wrong:
        console().print(f"[red]The audit chain of {name} does not hold: {len(wrong)} findings.[/]")
    else:
        console().print(f"[green]The audit chain {found.chain} of {name} holds.[/]")


def _line(record: AuditRecord) -> str:
    who = record.actor if record.verified else f"{record.actor} (unverified)"
    who = f"{who} (gates for edit)" if record.gates_for_edit else who
    digest = short(record.digest) if record.digest else "-"
    told = f"{record.sequence:5} {record.time} {record.phase:9} {record.cause:14} {digest:12} {who}"
    return f"{told}  [dim]{record.reason}: {escape(record.message)}[/]"
