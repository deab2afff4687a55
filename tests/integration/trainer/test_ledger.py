"""ledger against a real folder store: archive, prove, inherit; what was tampered with is named."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.audit import AuditRecord
from sluice_api.contracts.envelope import ExitCode, StoreSettings
from sluice_api.errors import DependencyUnavailable
from sluice_api.hashing import digest_of
from sluice_api.layout import audit_key
from sluice_store.base import ObjectStore
from sluice_store.local import LocalStore
from sluice_store.open import open_store
from support.auditchain import CHAIN, chain_of, link, refusing
from support.stagecli import Cli

LINKS = chain_of(6)


@pytest.fixture
def cli(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Cli:
    return Cli(StoreSettings(root=(tmp_path / "store").as_uri()), tmp_path, capfd)


@pytest.fixture
def store(cli: Cli) -> ObjectStore:
    return open_store(cli.settings)


def ask(cli: Cli, mode: str, chain: str = CHAIN, **more: Any) -> tuple[int, dict[str, Any]]:
    cli.ask("ledger", {"mode": mode, "name": "live", "chain": chain, **more})
    return cli.run()


def archive(cli: Cli, links: tuple[AuditRecord, ...], chain: str = CHAIN) -> tuple[int, dict[str, Any]]:
    return ask(cli, "Archive", chain, records=[r.dump() for r in links])


def refused_because(answer: tuple[int, dict[str, Any]], text: str) -> None:
    code, report = answer
    assert code == ExitCode.INPUT_WRONG
    assert report["failure"]["reason"] == reasons.AUDIT_TAMPERED.code
    assert text in report["failure"]["message"]


def test_links_are_archived_in_order_under_their_own_hash(cli: Cli, store: ObjectStore) -> None:
    code, report = archive(cli, LINKS[:2])
    assert (code, report["result"]["sequence"]) == (0, 2)
    code, report = archive(cli, LINKS[2:])
    assert (report["result"]["sequence"], report["result"]["headHash"]) == (6, LINKS[-1].hash)
    for record in LINKS:
        data = store.read(audit_key("live", CHAIN, record.sequence))
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == record.hash
        assert AuditRecord.parse(json.loads(data)) == record


def test_equal_bytes_are_done_and_other_bytes_are_tampering(cli: Cli, store: ObjectStore) -> None:
    archive(cli, LINKS[:2])
    assert archive(cli, LINKS[:3])[0] == 0
    store.write(audit_key("live", CHAIN, 4), b"{}")
    refused_because(archive(cli, LINKS[3:]), f"audit/live/{CHAIN}/4.json holds other bytes")


@pytest.mark.parametrize(
    ("links", "text"),
    [
        (LINKS[3:], "3.json is missing: the tail of the archive was cut"),
        ((LINKS[2], LINKS[4]), "link 5 does not follow link 3"),
        ((link(LINKS[0], message="another"), LINKS[2]), "link 3 does not follow link 2"),
        ((link(link(LINKS[0]), message="x"),), "was changed: link 3 does not follow it"),
        (chain_of(2, "other"), "link 1 is of chain other"),
    ],
    ids=["cut tail", "gap", "edit", "fork", "other chain"],
)
def test_what_does_not_follow_the_archive_is_refused(
    cli: Cli, store: ObjectStore, links: tuple[AuditRecord, ...], text: str
) -> None:
    archive(cli, (LINKS[0], link(LINKS[0], message="the real second")))
    refused_because(archive(cli, links), text)
    assert len(list(store.list("audit"))) == 2


def test_a_clean_archive_is_proven_and_damage_is_named(cli: Cli, store: ObjectStore) -> None:
    archive(cli, LINKS)
    head = {"sequence": 6, "headHash": LINKS[-1].hash}
    code, report = ask(cli, "Verify", identity="a", **head)
    assert (code, report["result"]["links"], report["result"].get("findings", [])) == (0, 6, [])
    store.write(audit_key("live", CHAIN, 3), store.read(audit_key("live", CHAIN, 3)) + b" ")
    store.delete(audit_key("live", CHAIN, 6))
    code, report = ask(cli, "Verify", identity="b", **head)
    assert code == 0
    found = [(f["kind"], f["where"], f["sequence"]) for f in report["result"]["findings"]]
    assert found == [("Edit", "archive", 3), ("CutTail", "archive", 6)]


def test_verify_looks_anew_each_time(cli: Cli, store: ObjectStore) -> None:
    archive(cli, LINKS)
    head = {"sequence": 6, "headHash": LINKS[-1].hash}
    ask(cli, "Verify", identity="a", **head)
    store.delete(audit_key("live", CHAIN, 6))
    for identity in ("a", "b"):
        assert ask(cli, "Verify", identity=identity, **head)[1]["result"]["found"] == 1


def test_a_name_without_archive_has_nothing_to_inherit(cli: Cli) -> None:
    code, report = ask(cli, "Inherit", identity="uid")
    assert (code, report["result"]["links"], report["result"].get("refused", [])) == (0, 0, [])


def test_refusals_of_earlier_chains_are_inherited_newest_first(cli: Cli) -> None:
    old, new = digest_of("old"), digest_of("new")
    archive(cli, chain_of(2, "first", fold=refusing(old)), "first")
    archive(cli, chain_of(1, "second", fold=refusing(new), time="2026-02-01T00:00:00Z"), "second")
    code, report = ask(cli, "Inherit", identity="uid")
    assert (code, report["result"]["refused"]) == (0, [new, old])


def test_what_was_lifted_after_it_was_inherited_does_not_come_back(cli: Cli) -> None:
    old = digest_of("old")
    archive(cli, chain_of(2, "first", fold=refusing(old)), "first")
    inherited = link(None, "second", phase="inherited", fold=refusing(old), time="2026-02-01T00:00:00Z")
    lifted = link(inherited, "second", phase="spent", fold=refusing(), time="2026-02-02T00:00:00Z")
    archive(cli, (inherited, lifted), "second")
    assert ask(cli, "Inherit", identity="uid")[1]["result"].get("refused", []) == []


def test_refusals_that_cannot_be_read_are_no_absence_of_refusals(cli: Cli, store: ObjectStore) -> None:
    archive(cli, LINKS)
    store.write(audit_key("live", CHAIN, 6), b"not a link")
    refused_because(ask(cli, "Inherit", "a-new-one", identity="uid"), "6.json cannot be read as that link")


def test_only_the_newest_refusals_fit_and_the_number_of_all_is_told(cli: Cli) -> None:
    digests = [digest_of(n) for n in range(30)]
    archive(cli, chain_of(1, "first", fold=refusing(*digests)), "first")
    result = ask(cli, "Inherit", identity="uid")[1]["result"]
    assert (result["refused"], result["found"]) == (digests[:20], 30)


def test_X16_an_archive_that_breaks_in_the_middle_reports_one_failure_and_claims_nothing(
    cli: Cli, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = LocalStore.create

    def breaks(self: LocalStore, key: str, data: bytes) -> bool:
        if key.endswith("/3.json"):
            raise DependencyUnavailable(reasons.STORAGE_UNAVAILABLE, "the store went away")
        return whole(self, key, data)

    with monkeypatch.context() as broken:
        broken.setattr(LocalStore, "create", breaks)
        code, report = archive(cli, LINKS)
    assert code == ExitCode.DEPENDENCY_UNAVAILABLE
    assert report["failure"]["reason"] == reasons.STORAGE_UNAVAILABLE.code
    assert "result" not in report
    assert not [k for k in store.list("ledger") if "done-" in k]
    code, report = archive(cli, LINKS)
    assert (code, report["result"]["sequence"]) == (0, 6)


def test_X17_a_planted_key_is_in_no_report_log_or_archive(
    cli: Cli, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret-value")
    archive(cli, LINKS[:2])
    failure = archive(cli, (LINKS[0], link(LINKS[0], message="planted-secret-value")))[1]
    told = json.dumps(failure) + cli.log
    assert "planted-secret-value" not in told
    assert all(b"planted-secret-value" not in store.read(k) for k in store.list(""))
