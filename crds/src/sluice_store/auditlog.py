"""The archive of audit chains: one object per link, put once, whose SHA-256 is what the next link cites.

Reads and writes links; what a chain is worth is decided by `sluice_api.auditcheck`.
"""

import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from sluice_api.audit import AuditRecord
from sluice_api.auditcheck import Copy
from sluice_api.hashing import canonical_json, digest_of_bytes
from sluice_api.layout import audit_key, audit_name_key, audit_place
from sluice_store.base import ObjectStore
from sluice_store.workers import waited_for

_PARALLEL = 16


def put_link(store: ObjectStore, name: str, record: AuditRecord) -> bool:
    """Archive a link; False when other bytes are there."""
    return store.create(audit_key(name, record.chain, record.sequence), canonical_json(record))


def get_link(store: ObjectStore, name: str, chain: str, sequence: int) -> Copy | None:
    """An archived link, or None when it is not there."""
    try:
        data = store.read(audit_key(name, chain, sequence))
    except FileNotFoundError:
        return None
    try:
        record: AuditRecord | None = AuditRecord.parse_open(json.loads(data))
    except (ValueError, ValidationError):
        record = None
    digest = digest_of_bytes(data)
    # Other bytes that mean the same are no link either: its hash is that of its bytes.
    return Copy(sequence, digest, record if record is not None and record.hash == digest else None)


def list_links(store: ObjectStore, name: str) -> dict[str, tuple[int, ...]]:
    """Numbers of the archived links of each chain of a name, in order."""
    found: dict[str, list[int]] = defaultdict(list)
    for key in store.list(audit_name_key(name)):
        place = audit_place(key)
        if place is not None:
            found[place[0]].append(place[1])
    return {chain: tuple(sorted(numbers)) for chain, numbers in found.items()}


def read_chain(store: ObjectStore, name: str, chain: str) -> tuple[Copy, ...]:
    """All archived links of a chain, in order."""
    numbers = list_links(store, name).get(chain, ())
    with waited_for(ThreadPoolExecutor(_PARALLEL, thread_name_prefix="audit")) as pool:
        read = pool.map(lambda number: get_link(store, name, chain, number), numbers)
        return tuple(copy for copy in read if copy is not None)
