"""The archive of the audit chain as the planner keeps it, on a whole cluster in memory."""

import json
from copy import deepcopy
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.audit import AuditRecord
from sluice_api.contracts.envelope import Envelope, ExitCode
from sluice_api.hashing import digest_of
from sluice_operator.facts.audit import KEPT_LINKS
from support.auditchain import chain_of, refusing
from support.quickstart import LABELS, Stages, deployment_spec, quickstart, run_spec
from support.simcluster import Answer, SimCluster

DOWN: Answer = (int(ExitCode.DEPENDENCY_UNAVAILABLE), None, "storage_unavailable")


def condition(cluster: SimCluster, kind: str) -> tuple[str, str, str]:
    found = cluster.objects["Deployment", "live"]["status"]["conditions"]
    one = next(c for c in found if c["type"] == kind)
    return one["status"], one["reason"], one["message"]


def links(cluster: SimCluster) -> dict[int, AuditRecord]:
    found = (r["data"] for r in cluster.of("ControllerRevision") if r["data"]["record"] == "audit")
    return {r.sequence: r for r in map(AuditRecord.parse, found)}


def ledger_jobs(cluster: SimCluster) -> list[str]:
    return [
        name
        for verb, kind, name in cluster.writes
        if (verb, kind) == ("create", "Job") and "-ledger-" in name
    ]


def asked(stages: Stages, mode: str) -> list[Envelope]:
    return [e for e in stages.asked if e.stage == "ledger" and e.request["mode"] == mode]


def selector(cluster: SimCluster) -> str | None:
    service = cluster.get("Service", "live") or {"spec": {}}
    return (service["spec"].get("selector") or {}).get("sluice.dev/slot")


class Away(Stages):
    """The archive's store is away for some time; the rest works."""

    down = True

    def __call__(self, envelope: Envelope) -> Answer:
        if envelope.stage == "ledger" and self.down:
            self.asked.append(envelope)
            return DOWN
        return super().__call__(envelope)


def test_a_promotion_is_archived_by_one_job_and_then_nothing_is_written() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    kept = links(cluster)
    status = cluster.objects["Deployment", "live"]["status"]
    assert status["audit"]["archivedSequence"] == status["audit"]["sequence"] == max(kept)
    assert stages.archive["live"][kept[1].chain] == kept
    assert [len(e.request["records"]) for e in asked(stages, "Archive")] == [len(kept)]
    assert condition(cluster, "AuditArchived")[:2] == ("True", "AuditArchived")
    cluster.writes.clear()
    cluster.sleep(3000)
    cluster.settle()
    assert [w for w in cluster.writes if w[0] != "delete"] == []


def test_the_stage_alone_has_the_ledgers_credentials_and_place() -> None:
    cluster = quickstart()
    profile = cluster.settings.storage[0].model_copy(
        update={"secret_name": "s3", "ledger_secret_name": "audit", "audit_prefix": "s3://safe/{namespace}/"}
    )
    cluster.settings = cluster.settings.model_copy(update={"storage": (profile,)})
    cluster.restart()
    cluster.settle()
    found = {}
    for job in cluster.of("Job"):
        template = job["spec"]["template"]
        stage = job["metadata"]["labels"]["sluice.dev/stage"]
        envelope = Envelope.parse(json.loads(template["metadata"]["annotations"]["sluice.dev/request"]))
        env = template["spec"]["containers"][0]["env"]
        secrets = {
            e["valueFrom"]["secretKeyRef"]["name"] for e in env if "secretKeyRef" in e.get("valueFrom", {})
        }
        found[stage] = (envelope.store.root, secrets)
    assert found.pop("ledger") == ("s3://safe/team", {"audit"})
    assert {"train", "verify", "judge"} <= found.keys()
    assert set(map(str, found.values())) == {str(("s3://sluice/team", {"s3"}))}


def test_an_archive_that_is_away_delays_no_traffic_and_is_told_after_a_failure() -> None:
    stages = Away()
    stages.down = False
    cluster = quickstart(stages)
    cluster.settle()
    stages.down = True
    cluster.add("TrainingRun", "better", run_spec(2), LABELS)
    before = selector(cluster)
    cluster.settle(rounds=40)
    assert selector(cluster) != before
    status, reason, message = condition(cluster, "AuditArchived")
    assert (status, reason) == ("False", reasons.AUDIT_BEHIND.camel)
    assert "storage_unavailable" in message
    assert reasons.AUDIT_BEHIND.next_step in message
    behind = cluster.objects["Deployment", "live"]["status"]["audit"]
    assert behind["archivedSequence"] < behind["sequence"]
    stages.down = False
    cluster.settle(rounds=400)
    caught_up = cluster.objects["Deployment", "live"]["status"]["audit"]
    assert caught_up["archivedSequence"] == caught_up["sequence"]
    assert condition(cluster, "AuditArchived")[:2] == ("True", reasons.AUDIT_ARCHIVED.camel)


def test_attempts_come_further_and_further_apart() -> None:
    stages = Away()
    cluster = quickstart(stages)
    cluster.settle(rounds=600, seconds=2)
    assert 4 <= len(ledger_jobs(cluster)) <= 9


def test_a_job_that_hangs_is_told_after_ten_minutes() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    cluster.node.answer = lambda envelope: None if envelope.stage == "ledger" else stages(envelope)
    cluster.add("TrainingRun", "better", run_spec(2), LABELS)
    cluster.settle(rounds=40)
    assert condition(cluster, "AuditArchived")[0] == "True"
    cluster.settle(rounds=200, seconds=5)
    status, reason, message = condition(cluster, "AuditArchived")
    assert (status, reason) == ("False", reasons.AUDIT_BEHIND.camel)
    assert message.startswith("links since 3, written at ")
    told = [t.note.reason for t in cluster.operator.recorder.told]
    assert told.count(reasons.AUDIT_BEHIND) == 1


def test_the_first_promotion_waits_for_the_archive_and_says_so() -> None:
    stages = Away()
    cluster = quickstart(stages)
    cluster.settle(rounds=80)
    assert selector(cluster) is None
    assert condition(cluster, "Progressing")[:2] == ("False", reasons.REFUSALS_AWAITED.camel)
    assert "storage_unavailable" in condition(cluster, "Progressing")[2]
    stages.down = False
    cluster.settle(rounds=400)
    assert selector(cluster) is not None


def test_what_earlier_ones_of_the_name_refused_stays_refused() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    digest = cluster.objects["TrainingRun", "good"]["status"]["artifact"]["digest"]
    cluster.drop("Deployment", "live")
    stages.archive["live"] = {"gone": {1: chain_of(1, "gone", fold=refusing(digest))[0]}}
    cluster.add("Deployment", "live", deployment_spec())
    cluster.settle()
    first = links(cluster)[1]
    assert (first.phase, first.reason) == ("inherited", reasons.REFUSALS_INHERITED.code)
    assert first.fold.refuses(digest)
    assert selector(cluster) is None
    assert cluster.objects["Deployment", "live"]["status"]["refused"] == [{"digest": digest}]


def test_a_new_name_begins_at_once_when_the_archive_knows_nothing() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    assert links(cluster)[1].phase == "intended"
    assert len(asked(stages, "Inherit")) == 1


def age_chain(cluster: SimCluster, length: int) -> None:
    """Replace the chain by a longer one with the same story at its end."""
    kept = links(cluster)
    template = deepcopy(cluster.objects["ControllerRevision", "live-audit-1"])
    chain = kept[1].chain
    for number in list(kept):
        cluster.drop("ControllerRevision", f"live-audit-{number}")
    for record in chain_of(length, chain, fold=kept[max(kept)].fold, time=kept[1].time):
        body = deepcopy(template)
        body["metadata"] = {
            k: v
            for k, v in template["metadata"].items()
            if k in ("namespace", "labels", "annotations", "ownerReferences")
        } | {"name": f"live-audit-{record.sequence}"}
        cluster.put("ControllerRevision", body | {"data": record.dump(), "revision": record.sequence})


def drop_ledger_records(cluster: SimCluster, stages: Stages) -> None:
    for record in cluster.of("ControllerRevision"):
        if record["data"].get("stage") == "ledger":
            cluster.drop("ControllerRevision", record["metadata"]["name"])
    for job in cluster.of("Job"):
        if job["metadata"]["labels"]["sluice.dev/stage"] == "ledger":
            cluster.drop("Job", job["metadata"]["name"])
    stages.archive.clear()


def test_links_go_when_archived_and_an_hour_old_and_beyond_the_newest_sixteen() -> None:
    stages = Away()
    stages.down = False
    cluster = quickstart(stages)
    cluster.settle()
    drop_ledger_records(cluster, stages)
    age_chain(cluster, 30)
    stages.down = True
    cluster.sleep(7200)
    cluster.settle(rounds=10)
    assert len(links(cluster)) == 30
    stages.down = False
    cluster.settle(rounds=400)
    assert sorted(links(cluster)) == list(range(31 - KEPT_LINKS, 31))
    assert cluster.objects["Deployment", "live"]["status"]["audit"]["archivedSequence"] == 30
    assert condition(cluster, "AuditArchived")[0] == "True"


def test_young_links_stay() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    drop_ledger_records(cluster, stages)
    age_chain(cluster, 30)
    cluster.settle(rounds=60)
    assert cluster.objects["Deployment", "live"]["status"]["audit"]["archivedSequence"] == 30
    assert len(links(cluster)) == 30


def tear(cluster: SimCluster, number: int, how: str) -> None:
    name = f"live-audit-{number}"
    body = deepcopy(cluster.objects["ControllerRevision", name])
    cluster.drop("ControllerRevision", name)
    if how == "edit":
        body["data"]["message"] = "nothing happened"
        del body["metadata"]["uid"]
        cluster.put("ControllerRevision", body)


@pytest.mark.parametrize("how", ["edit", "gap"])
def test_a_torn_chain_promotes_nothing_new_and_goes_on_serving(how: str) -> None:
    cluster = quickstart()
    cluster.settle()
    before = selector(cluster)
    tear(cluster, 1, how)
    cluster.add("TrainingRun", "better", run_spec(2), LABELS)
    cluster.settle()
    assert selector(cluster) == before
    status, reason, message = condition(cluster, "AuditArchived")
    assert (status, reason) == ("False", reasons.AUDIT_TAMPERED.camel)
    assert f"{'Edit' if how == 'edit' else 'Gap'} at 1 (cluster)" in message
    assert condition(cluster, "Progressing")[1] == reasons.AUDIT_TAMPERED.camel


@pytest.mark.parametrize("how", ["edit", "gap"])
def test_without_a_sound_head_nothing_moves_at_all(how: str) -> None:
    cluster = quickstart()
    cluster.settle()
    before = selector(cluster)
    tear(cluster, 2, how)
    cluster.writes.clear()
    cluster.settle()
    assert selector(cluster) == before
    assert condition(cluster, "Stalled")[:2] == ("True", reasons.AUDIT_TAMPERED.camel)
    assert f"{'Edit' if how == 'edit' else 'CutTail'} at 2" in condition(cluster, "Stalled")[2]
    assert [w for w in cluster.writes if w[1] in ("Service", "AppsDeployment", "ControllerRevision")] == []


def test_a_chain_that_vanished_is_no_new_chain() -> None:
    cluster = quickstart()
    cluster.settle()
    before = selector(cluster)
    tear(cluster, 1, "gap")
    tear(cluster, 2, "gap")
    cluster.settle()
    assert selector(cluster) == before
    assert condition(cluster, "Stalled")[:2] == ("True", reasons.AUDIT_TAMPERED.camel)


def test_somebody_asks_for_a_check_and_is_answered_once() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    ask(cluster, "abc123")
    assert condition(cluster, "AuditArchived")[2].endswith("archived links are proven (abc123)")
    assert len(asked(stages, "Verify")) == 1
    finding = {"kind": "Edit", "where": "archive", "sequence": 1, "message": "link 1 was changed"}
    stages.findings = [finding]
    ask(cluster, "def456")
    assert condition(cluster, "AuditArchived")[:2] == ("False", reasons.AUDIT_TAMPERED.camel)
    assert "Edit at 1 (archive): link 1 was changed" in condition(cluster, "AuditArchived")[2]
    assert len(asked(stages, "Verify")) == 2
    assert condition(cluster, "Ready")[0] == "True"


def ask(cluster: SimCluster, word: str) -> None:
    body = deepcopy(cluster.objects["Deployment", "live"])
    body["metadata"].setdefault("annotations", {})["sluice.dev/verify-audit"] = word
    cluster.put("Deployment", body)
    cluster.settle()


def restore(cluster: SimCluster) -> None:
    """What a backup tool brings back: everything under new UIDs, and nobody's."""
    kinds = ("Deployment", "ControllerRevision", "AppsDeployment", "Service")
    saved = [(kind, deepcopy(body)) for kind in kinds for body in cluster.of(kind)]
    cluster.drop("Deployment", "live")
    for kind, body in saved:
        mine = body["metadata"].get("labels", {}).get("sluice.dev/owner") == "live"
        if kind != "Deployment" and not mine:
            continue
        for field in ("uid", "resourceVersion", "creationTimestamp", "ownerReferences", "generation"):
            body["metadata"].pop(field, None)
        cluster.put(kind, body)


def test_what_a_restore_left_without_owner_is_adopted_and_goes_on_serving() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    before, kept, slots = selector(cluster), links(cluster), len(cluster.of("AppsDeployment"))
    restore(cluster)
    cluster.settle()
    uid = cluster.objects["Deployment", "live"]["metadata"]["uid"]
    for kind in ("ControllerRevision", "AppsDeployment", "Service"):
        mine = [b for b in cluster.of(kind) if b["metadata"]["labels"]["sluice.dev/owner"] == "live"]
        assert {b["metadata"]["ownerReferences"][0]["uid"] for b in mine} == {uid}
    assert (selector(cluster), len(cluster.of("AppsDeployment"))) == (before, slots)
    assert links(cluster) == kept
    assert condition(cluster, "Ready")[:2] == ("True", "Serving")


@pytest.mark.parametrize("deaths", range(12))
def test_an_adoption_that_dies_is_finished(deaths: int) -> None:
    cluster = quickstart()
    cluster.settle()
    before, kept = selector(cluster), links(cluster)
    restore(cluster)
    (key,) = (k for k in cluster.own() if k.kind == "Deployment")
    cluster.reconcile(key, crash_after=deaths)
    cluster.settle()
    assert (selector(cluster), links(cluster)) == (before, kept)
    assert condition(cluster, "Ready")[:2] == ("True", "Serving")


@pytest.mark.parametrize("how", ["edit", "gap"])
def test_a_restored_chain_that_does_not_hold_is_not_adopted(how: str) -> None:
    cluster = quickstart()
    cluster.settle()
    before = selector(cluster)
    restore(cluster)
    tear(cluster, 1, how)
    cluster.settle()
    assert selector(cluster) == before
    assert condition(cluster, "Stalled")[:2] == ("True", reasons.AUDIT_TAMPERED.camel)
    assert "is not adopted" in condition(cluster, "Stalled")[2]
    assert "ownerReferences" not in cluster.objects["Service", "live"]["metadata"]


def test_two_chains_under_one_name_are_not_adopted() -> None:
    cluster = quickstart()
    cluster.settle()
    restore(cluster)
    other: dict[str, Any] = deepcopy(cluster.objects["ControllerRevision", "live-audit-1"])
    del other["metadata"]["uid"]
    other["metadata"]["name"] = "live-audit-9"
    cluster.put("ControllerRevision", other | {"data": chain_of(1, digest_of("x")[7:20])[0].dump()})
    cluster.settle()
    assert condition(cluster, "Stalled")[:2] == ("True", reasons.AUDIT_TAMPERED.camel)
    assert "2 chains" in condition(cluster, "Stalled")[2]
