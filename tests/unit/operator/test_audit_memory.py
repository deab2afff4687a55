"""Findings about chains are remembered, the chains are not, and an edit is never overlooked for it."""

import gc
import json
import weakref
from typing import Any

import pytest

from sluice_api.audit import AuditRecord
from sluice_api.hashing import digest_of
from sluice_operator import views
from sluice_operator.facts import audit
from sluice_operator.facts.audit import ANSWERS_MAX, findings
from sluice_operator.model import Related, Resource
from sluice_operator.views import StoredRecord, open_record, view_of
from support import objects
from support.auditchain import chain_of, refusing

OWNER = ("Deployment", "live")
LENGTH = 20


def stored(link: AuditRecord) -> StoredRecord:
    """A link as the API server keeps it."""
    name = f"audit-{link.sequence}"
    view = view_of("ControllerRevision", objects.revision(name, OWNER, json.loads(json.dumps(link.dump()))))
    assert isinstance(view, StoredRecord)
    return view


def related(*links: AuditRecord) -> Related:
    owner = view_of("Deployment", objects.resource(*OWNER))
    assert isinstance(owner, Resource)
    return Related(owner, records=tuple(open_record(stored(link)) for link in links))


@pytest.fixture(autouse=True)
def forget() -> None:
    audit._answers.clear()


def test_a_chain_that_was_checked_is_not_kept() -> None:
    links = chain_of(LENGTH, fold=refusing(*(digest_of(n) for n in range(20))))
    known = related(*links)
    assert findings(known) == ()
    alive = weakref.ref(known.records[0].record)
    del known, links
    views._parse.cache_clear()
    gc.collect()
    assert alive() is None
    assert len(audit._answers) == 1


def test_it_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Any] = []
    real = audit._check

    def check(*of: Any) -> Any:
        checked.append(of)
        return real(*of)

    monkeypatch.setattr(audit, "_check", check)
    for _ in range(5):
        assert findings(related(*chain_of(LENGTH))) == ()
    assert len(checked) == 1


@pytest.mark.parametrize("number", [1, 10, LENGTH])
def test_an_edit_is_found_though_the_rest_was_checked_before(number: int) -> None:
    links = chain_of(LENGTH)
    assert findings(related(*links)) == ()
    edited = links[number - 1].model_copy(update={"actor": "mallory"})
    changed = (*links[: number - 1], edited, *links[number:])
    found = findings(related(*changed))
    assert [f.sequence for f in found] == ([number] if number < LENGTH else [])
    assert findings(related(*links[: number - 1], *links[number:])) != () or number in (1, LENGTH)


def test_few_answers_are_kept() -> None:
    for number in range(ANSWERS_MAX + 10):
        audit._answers[number.to_bytes(4, "big")] = ()
    findings(related(*chain_of(2)))
    findings(related(*chain_of(3)))
    assert len(audit._answers) == ANSWERS_MAX
