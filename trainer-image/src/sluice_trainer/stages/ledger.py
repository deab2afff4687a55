"""ledger: the archive of a Deployment's audit chain, written with credentials that only this stage has.

Archive copies links in order and never replaces one; Verify proves what is archived; Inherit says what
earlier chains of the same name refuse, for a Deployment that was deleted and made again.
"""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from sluice_api import reasons
from sluice_api.audit import AuditRecord
from sluice_api.auditcheck import Copy, Kept, check
from sluice_api.contracts.reports import LedgerResult
from sluice_api.contracts.requests import LedgerRequest
from sluice_api.errors import InputWrong
from sluice_api.layout import audit_key
from sluice_store.auditlog import get_link, list_links, put_link, read_chain
from sluice_store.base import ObjectStore
from sluice_store.files import upload_folder
from sluice_trainer.context import Context, Output

DETAILS_NAME = "ledger.json"
_TOLD = 6
_INHERITED = 20

Told = tuple[LedgerResult, dict[str, Any]]
"""The result, and all that does not fit into it."""


def run(request: LedgerRequest, ctx: Context) -> Output:
    """Do what the mode says and keep the long form."""
    found, details = _MODES[request.mode](request, ctx.store)
    result = found.model_copy(update={"identity": request.identity})
    folder = ctx.work / "ledger"
    folder.mkdir()
    (folder / DETAILS_NAME).write_text(json.dumps({**result.dump(), **details}, indent=2))
    described = {"mode": request.mode, "name": request.name, "chain": request.chain}
    return Output(result, upload_folder(ctx.store, folder, ctx.folder, described))


def _archive(request: LedgerRequest, store: ObjectStore) -> Told:
    _check_batch(request, store)
    for record in request.records:
        if not put_link(store, request.name, record):
            where = audit_key(request.name, record.chain, record.sequence)
            raise _tampered(f"{where} holds other bytes than the chain's link {record.sequence}")
    newest = request.records[-1]
    result = LedgerResult(
        mode="Archive", sequence=newest.sequence, head_hash=newest.hash, links=len(request.records)
    )
    return result, {"archived": {str(r.sequence): r.hash for r in request.records}}


def _check_batch(request: LedgerRequest, store: ObjectStore) -> None:
    """The batch is one piece of the chain, and follows what is archived."""
    first = request.records[0]
    for record in request.records:
        if record.chain != request.chain:
            raise _tampered(f"link {record.sequence} is of chain {record.chain}, not {request.chain}")
    for before, after in pairwise(request.records):
        if (after.sequence, after.previous_hash) != (before.sequence + 1, before.hash):
            raise _tampered(f"link {after.sequence} does not follow link {before.sequence}")
    if first.sequence == 1:
        return
    known = get_link(store, request.name, request.chain, first.sequence - 1)
    where = audit_key(request.name, request.chain, first.sequence - 1)
    if known is None:
        raise _tampered(f"{where} is missing: the tail of the archive was cut")
    if known.digest != first.previous_hash:
        raise _tampered(f"{where} was changed: link {first.sequence} does not follow it")


def _verify(request: LedgerRequest, store: ObjectStore) -> Told:
    copies = read_chain(store, request.name, request.chain)
    known = {request.sequence: request.head_hash} if request.head_hash is not None else {}
    found = check(request.chain, [Kept("archive", copies, last=request.sequence)], known)
    newest = copies[-1] if copies else None
    result = LedgerResult(
        mode="Verify",
        sequence=newest.sequence if newest else 0,
        head_hash=newest.digest if newest else None,
        links=len(copies),
        findings=found[:_TOLD],
        found=len(found),
    )
    return result, {"all": [f.dump() for f in found]}


def _inherit(request: LedgerRequest, store: ObjectStore) -> Told:
    links = {c: n for c, n in list_links(store, request.name).items() if c != request.chain}
    newest = [_link(store, request.name, chain, numbers[-1]) for chain, numbers in links.items()]
    refused: dict[str, str] = {}
    for head in sorted(newest, key=lambda r: (r.time, r.chain), reverse=True):
        for refusal in head.fold.refused:
            if refusal.revision is None:
                refused.setdefault(refusal.digest, head.chain)
        first = head if head.sequence == 1 else _link(store, request.name, head.chain, 1)
        if first.phase == "inherited":
            # It took over what older chains refused; what it lifted since must not come back from them.
            break
    result = LedgerResult(
        mode="Inherit", links=len(links), refused=tuple(refused)[:_INHERITED], found=len(refused)
    )
    return result, {"all": refused}


def _link(store: ObjectStore, name: str, chain: str, sequence: int) -> AuditRecord:
    """An archived link that must be there. What was refused is unknown without it."""
    copy: Copy | None = get_link(store, name, chain, sequence)
    record = copy.record if copy else None
    if record is None or (record.chain, record.sequence) != (chain, sequence):
        where = audit_key(name, chain, sequence)
        raise _tampered(f"{where} {'is missing' if copy is None else 'cannot be read as that link'}")
    return record


def _tampered(message: str) -> InputWrong:
    return InputWrong(reasons.AUDIT_TAMPERED, message)


_MODES: dict[str, Callable[[LedgerRequest, ObjectStore], Told]] = {
    "Archive": _archive,
    "Verify": _verify,
    "Inherit": _inherit,
}
