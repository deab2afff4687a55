"""What this version stores, kept as samples: later versions must read them. They are added to, never edited.

Each is read as it is and as an invented next version would have stored it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.audit import AuditRecord
from sluice_api.base import ApiModel
from sluice_api.contracts.bytecount import compact_json
from sluice_api.contracts.envelope import Report
from sluice_api.contracts.manifests import Marker
from sluice_api.contracts.requests import LedgerRequest
from sluice_api.hashing import canonical_json, digest_of
from sluice_api.layout import audit_key
from sluice_api.records import RECORDS, OtherRecord, Record, parse_record
from sluice_operator.plans.ended import read_report
from sluice_store.auditlog import get_link, put_link
from sluice_store.files import Damaged, read_manifest
from support.auditchain import CHAIN, chain_of
from support.memorystore import MemoryStore
from support.nextversion import (
    FIELD,
    archived,
    next_hash,
    values_of,
    with_fields,
    with_reasons,
    with_value,
    without_invented,
)

HERE = Path(__file__).parent / "stored"
STORED = {p.stem: json.loads(p.read_text()) for p in (HERE / "records").glob("*.json")}
FORMS = {p.stem: json.loads(p.read_text()) for p in (HERE / "forms").glob("*.json")}
LINK_HASH = "sha256:fc0195e3a8545b41fa8a42f9a797edfe8f715cfbd6b0553a8699b5ea7ff39757"
MANIFEST_DIGEST = "sha256:a5975dd586ad161ef44cb50ac89175c0d987702570fff283ec13468cda40650b"


def test_every_kind_of_record_is_stored() -> None:
    assert {data["record"] for data in STORED.values()} == RECORDS.keys()
    assert all(data["formatVersion"] == 1 for data in STORED.values())


@pytest.mark.parametrize("name", STORED)
def test_a_stored_record_is_read_and_loses_nothing(name: str) -> None:
    known = json.loads(canonical_json(parse_record(STORED[name])))
    assert {**known, "record": STORED[name]["record"], "formatVersion": 1} == STORED[name]


@pytest.mark.parametrize("name", STORED)
def test_O7_a_record_of_the_next_version_says_what_it_said(name: str) -> None:
    data = STORED[name]
    model = RECORDS[data["record"]]
    was = parse_record(data)
    newer = parse_record(with_fields(model, data))
    assert _known(newer) == _known(was)
    assert parse_record(with_reasons(model, data)).dump().keys() == was.dump().keys()
    for place in values_of(model, data):
        assert isinstance(parse_record(with_value(data, place)), model)


def test_O7_a_record_of_an_unknown_kind_is_no_broken_one() -> None:
    assert isinstance(parse_record({"record": "invented", "what": [1]}), OtherRecord)
    with pytest.raises(ValueError, match="record"):
        parse_record({"what": [1]})


def test_a_link_keeps_its_hash_in_every_form_in_which_it_was_stored() -> None:
    link = AuditRecord.parse_open(STORED["audit"])
    assert link.hash == LINK_HASH
    assert AuditRecord.parse_open(link.dump()).hash == LINK_HASH


def test_O7_what_a_link_says_more_is_part_of_its_hash_and_of_what_is_archived() -> None:
    newer = with_fields(AuditRecord, STORED["audit"])
    link = AuditRecord.parse_open(newer)
    assert link.hash == next_hash(newer) != LINK_HASH
    store = MemoryStore()
    request = LedgerRequest(mode="Archive", name="live", chain=link.chain, records=(link,))
    (sent,) = LedgerRequest.parse(json.loads(canonical_json(request))).records
    assert put_link(store, "live", sent)
    assert store.read(audit_key("live", link.chain, link.sequence)) == archived(newer)
    copy = get_link(store, "live", link.chain, link.sequence)
    assert copy is not None
    assert copy.record is not None
    assert copy.digest == copy.record.hash == link.hash
    changed = with_value(newer, ("inventedField", "deep"))
    assert AuditRecord.parse_open(changed).hash != link.hash


def test_a_link_that_we_write_has_no_field_that_we_do_not_know() -> None:
    (link,) = chain_of(1)
    with pytest.raises(ValueError, match="inventedField"):
        AuditRecord.parse({**link.dump(), **FIELD})
    assert link.chain == CHAIN


def test_O7_causes_that_nobody_knows_are_told_as_moves_that_refused_nothing() -> None:
    data = with_value(STORED["audit"], ("fold", "history", 0, "cause"))
    link = AuditRecord.parse_open(data)
    assert link.fold.history[0].cause == "Invented"
    assert link.fold.understood.history[0].cause == "profile"
    assert link.hash == digest_of(link) != LINK_HASH


@pytest.mark.parametrize(("name", "model"), [("report", Report), ("marker", Marker)])
def test_O7_reports_and_markers_of_the_next_version_are_read(name: str, model: type[ApiModel]) -> None:
    was, newer = FORMS[name], with_fields(model, FORMS[name])
    found = model.parse_open(newer).dump()
    assert model.parse_open(was).dump().keys() == found.keys()
    with pytest.raises(ValueError, match="inventedField"):
        model.parse(newer)


def test_O7_a_termination_message_of_the_next_version_is_a_report() -> None:
    told = with_fields(Report, FORMS["report"])
    report = read_report(compact_json(told).decode(), "package", told["requestHash"])
    assert report is not None
    assert report.typed_result() is not None


def test_O7_a_manifest_of_the_next_version_is_proven_as_it_is_stored() -> None:
    store = MemoryStore()
    newer = {**FORMS["manifest"], **FIELD, "files": [{**f, **FIELD} for f in FORMS["manifest"]["files"]]}
    store.write("old/manifest.json", canonical_json(FORMS["manifest"]))
    store.write("new/manifest.json", canonical_json(newer))
    assert read_manifest(store, "old", MANIFEST_DIGEST).files[0].path == "a.txt"
    assert read_manifest(store, "new", digest_of(newer)).files[0].path == "a.txt"
    with pytest.raises(Damaged):
        read_manifest(store, "new", MANIFEST_DIGEST)


def test_O7_an_unknown_reason_asks_for_a_person_and_keeps_its_name() -> None:
    for found in (reasons.named("gpu_on_fire"), reasons.named_camel("GpuOnFire")):
        assert (found.code, found.camel, found.retry) == ("gpu_on_fire", "GpuOnFire", reasons.Retry.HUMAN)
    assert reasons.named("passed") is reasons.named_camel("Passed") is reasons.REASONS["passed"]


def _known(record: Record) -> Any:
    """What a record says, without what was invented and the words that lines have more."""
    return json.loads(json.dumps(without_invented(record.dump())).replace(" invented", ""))
