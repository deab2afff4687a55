"""O7: what an invented next version stored, read by this one: nothing stalls, nothing is called tampering,
nothing is made again, and traffic is repaired as before."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sluice_api import meta
from sluice_api.records import RECORDS
from sluice_operator.model import Key
from support.nextversion import next_records, values_of, with_reasons, with_value
from support.quickstart import LABELS, deployment_spec, quickstart, run_spec
from support.simcluster import NAMESPACE, SimCluster

Stored = dict[str, Any]
DRIFT = {"everySeconds": 600, "tolerance": "0.05"}


def settled() -> SimCluster:
    """Two promotions, drift checks, an archive: every kind of record."""
    cluster = quickstart()
    cluster.add("Deployment", "live", deployment_spec(drift=DRIFT))
    cluster.settle()
    cluster.add("TrainingRun", "better", run_spec(2), LABELS)
    cluster.settle()
    cluster.sleep(700)
    cluster.settle()
    return cluster


def upgraded(cluster: SimCluster, change: Callable[[list[Stored]], list[Stored]]) -> None:
    """Another version was here: it wrote all records in its own form, and is gone again."""
    found = cluster.of("ControllerRevision")
    for old, data in zip(found, change([r["data"] for r in found]), strict=True):
        name = old["metadata"]["name"]
        del cluster.api.objects[("ControllerRevision", name)]
        cluster.put("ControllerRevision", {**old, "data": data})
    cluster.restart()


def told(cluster: SimCluster, kind: str, name: str) -> dict[str, tuple[str, str]]:
    status = cluster.get(kind, name)["status"]  # type: ignore[arg-type,index]
    return {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}


def jobs(cluster: SimCluster) -> list[str]:
    return [name for verb, kind, name in cluster.writes if (verb, kind) == ("create", "Job")]


def hijack(cluster: SimCluster) -> None:
    service = cluster.get("Service", "live")
    assert service is not None
    spec = service["spec"] | {"selector": {meta.LABEL_SLOT: "mine"}}
    cluster.put("Service", service | {"spec": spec})


def check(cluster: SimCluster, before: dict[str, dict[str, tuple[str, str]]], slots: list[Stored]) -> None:
    """As it was: no Job, no slot, no condition changed; and a hijacked Service is put back."""
    known = len(cluster.writes)
    for key in cluster.own():
        cluster.reconcile(key)
    made = [w for w in cluster.writes[known:] if w[:2] != ("create", "ControllerRevision")]
    assert made == []
    assert [s["spec"] for s in cluster.of("AppsDeployment")] == [s["spec"] for s in slots]
    assert {k.name: told(cluster, k.kind, k.name) for k in cluster.own()} == before
    where = cluster.get("Service", "live")["spec"]["selector"]  # type: ignore[index]
    hijack(cluster)
    cluster.settle()
    assert cluster.get("Service", "live")["spec"]["selector"] == where  # type: ignore[index]
    assert told(cluster, "Deployment", "live")["AuditArchived"][0] == "True"


def standing(cluster: SimCluster) -> dict[str, dict[str, tuple[str, str]]]:
    return {k.name: told(cluster, k.kind, k.name) for k in cluster.own()}


def test_O7_a_field_more_everywhere_changes_nothing() -> None:
    cluster = settled()
    before, slots = standing(cluster), cluster.of("AppsDeployment")
    kinds = {r["data"]["record"] for r in cluster.of("ControllerRevision")}
    assert kinds >= RECORDS.keys() - {"approval"}
    upgraded(cluster, next_records)
    check(cluster, before, slots)


def test_O7_a_kind_of_record_that_nobody_knows_is_left_alone() -> None:
    cluster = settled()
    before, slots = standing(cluster), cluster.of("AppsDeployment")
    (some, *_) = [r for r in cluster.of("ControllerRevision") if r["data"]["record"] == "audit"]
    metadata = some["metadata"] | {"name": "live-invented-1", "uid": "invented"}
    cluster.put("ControllerRevision", {**some, "metadata": metadata, "data": {"record": "invented", "x": 1}})
    cluster.restart()
    check(cluster, before, slots)
    assert cluster.get("ControllerRevision", "live-invented-1") is not None


def test_O7_reasons_that_nobody_knows_keep_what_they_decided() -> None:
    cluster = settled()
    slots, live = cluster.of("AppsDeployment"), told(cluster, "Deployment", "live")["Ready"]

    def renamed(stored: list[Stored]) -> list[Stored]:
        return next_records(stored, lambda data: with_reasons(RECORDS[data["record"]], data))

    upgraded(cluster, renamed)
    known = len(jobs(cluster))
    hijack(cluster)
    cluster.settle()
    assert [n for n in jobs(cluster)[known:] if "-ledger-" not in n] == []
    assert [s["spec"] for s in cluster.of("AppsDeployment")] == [s["spec"] for s in slots]
    assert cluster.get("Service", "live")["spec"]["selector"][meta.LABEL_SLOT] != "mine"  # type: ignore[index]
    assert told(cluster, "Deployment", "live")["Ready"] == live
    assert told(cluster, "Deployment", "live")["AuditArchived"][0] == "True"
    assert told(cluster, "EvalGate", "gate")["Passed"] == ("True", "InventedReason")


def places(cluster: SimCluster) -> list[tuple[Stored, Any]]:
    """One record for each place of each kind at which a value of a closed list is."""
    found: dict[Any, tuple[Stored, Any]] = {}
    for stored in cluster.of("ControllerRevision"):
        data = stored["data"]
        for place in values_of(RECORDS[data["record"]], data):
            named = tuple(p for p in place if isinstance(p, str))
            # A type of numbers is in the arguments of the slot as well: alone it is no state of any version.
            if named[-1] != "dtype":
                found[data["record"], data.get("stage"), named] = (data, place)
    return list(found.values())


def swapped(old: Stored, new: Stored, stored: list[Stored]) -> list[Stored]:
    return next_records(stored, lambda data: new if data == old else data)


def test_O7_a_value_that_nobody_knows_starts_nothing_and_traffic_is_repaired() -> None:
    """At every place of every kind of record, one at a time."""
    cluster = settled()
    slots = [s["spec"] for s in cluster.of("AppsDeployment")]
    objects, found = dict(cluster.objects), places(cluster)
    assert len(found) > 20
    for changed, place in found:
        cluster.objects.clear()
        cluster.objects.update(objects)
        other = with_value(changed, place)
        upgraded(cluster, partial(swapped, changed, other))
        hijack(cluster)
        known = len(cluster.writes)
        for key in cluster.own() + [Key(NAMESPACE, "Deployment", "live")] * 6:
            cluster.reconcile(key)
        where = cluster.get("Service", "live")["spec"]["selector"][meta.LABEL_SLOT]  # type: ignore[index]
        assert where != "mine", (changed["record"], place)
        assert [s["spec"] for s in cluster.of("AppsDeployment")] == slots, (changed["record"], place)
        made = [n for verb, kind, n in cluster.writes[known:] if (verb, kind) == ("create", "Job")]
        assert [n for n in made if "-ledger-" not in n] == [], (changed["record"], place)
