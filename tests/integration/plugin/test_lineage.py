"""The chain from the endpoint back to the rows: it holds, and each link that is damaged is found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluice_api import meta
from sluice_plugin.__main__ import main
from sluice_plugin.lineage import verb
from sluice_store.local import LocalStore
from support.quickstart import quickstart
from support.simcluster import SimCluster
from support.storedstages import SOURCE, StoredStages

Break = Callable[[SimCluster, LocalStore], None]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    found = LocalStore(tmp_path / "store")
    found.write(SOURCE, b'{"text": "a", "label": "b"}\n')
    return found


@pytest.fixture
def cluster(store: LocalStore) -> SimCluster:
    """The quickstart, promoted."""
    playing = quickstart(StoredStages(root=store.root.as_uri()))
    playing.settle()
    return playing


@pytest.fixture
def lineage(
    cluster: SimCluster,
    store: LocalStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, dict[str, Any]]]:
    monkeypatch.setattr(verb, "read_namespace", lambda *_: cluster.cache)

    def ask(name: str = "live") -> tuple[int, dict[str, Any]]:
        root = store.root.as_uri()
        code = main(["lineage", name, "-n", "team", "--root", root, "-o", "json"])
        return code, json.loads(capsys.readouterr().out or "{}")

    return ask


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {link["name"]: link["state"] for link in answer["links"]}


def test_the_chain_of_a_promoted_run_holds_back_to_its_rows(lineage: Any) -> None:
    code, answer = lineage()
    assert (code, answer["intact"]) == (0, True)
    assert list(states(answer)) == [
        "service",
        "slot",
        "revision",
        "audit",
        "verdict",
        "run",
        "evidence",
        "artifact",
        "package report",
        "weights",
        "train report",
        "tokens",
        "base model",
        "pack",
        "source",
    ]
    assert set(states(answer).values()) == {"ok"}


def flip(folder: str, name: str = "data.txt") -> Break:
    """Damage the file of that name below the only folder of that stage that counts."""

    def damage(_: SimCluster, store: LocalStore) -> None:
        for key in list(store.list(folder)):
            if key.endswith(f"/{name}"):
                store.write(key, b"other bytes")

    return damage


def point_elsewhere(cluster: SimCluster, _: LocalStore) -> None:
    service = cluster.objects["Service", "live"]
    service["spec"]["selector"][meta.LABEL_SLOT] = "other"
    cluster.put("Service", service)


def another_engine(cluster: SimCluster, _: LocalStore) -> None:
    slot = cluster.of("AppsDeployment")[0]
    slot["spec"]["template"]["spec"]["containers"][0]["image"] = "evil"
    cluster.put("AppsDeployment", slot)


def another_model(cluster: SimCluster, _: LocalStore) -> None:
    slot = cluster.of("AppsDeployment")[0]
    slot["metadata"]["annotations"][meta.ANNOTATION_DIGEST] = "sha256:" + "e" * 64
    cluster.put("AppsDeployment", slot)


def edit_audit(cluster: SimCluster, _: LocalStore) -> None:
    first = next(r for r in cluster.of("ControllerRevision") if r["metadata"]["name"].endswith("-audit-1"))
    first["data"]["message"] = "nothing happened"
    cluster.put("ControllerRevision", first)


def lose_revision(cluster: SimCluster, _: LocalStore) -> None:
    for record in cluster.of("ControllerRevision"):
        if record["data"]["record"] == "revision":
            cluster.drop("ControllerRevision", record["metadata"]["name"])


def turn_verdict(cluster: SimCluster, _: LocalStore) -> None:
    for record in cluster.of("ControllerRevision"):
        if record["data"]["record"] == "revision":
            record["data"]["sealedVerdict"]["verdict"] = "Fail"
            cluster.put("ControllerRevision", record)


@pytest.mark.parametrize(
    ("damage", "broken"),
    [
        (point_elsewhere, ["service"]),
        (another_engine, ["slot"]),
        (another_model, ["slot"]),
        (lose_revision, ["revision"]),
        (edit_audit, ["audit"]),
        (turn_verdict, ["verdict"]),
        (flip("judge"), ["evidence"]),
        (flip("package"), ["artifact"]),
        (flip("package", "report.json"), ["package report"]),
        (flip("train"), ["weights"]),
        (flip("train", "report.json"), ["train report"]),
        (flip("prepare"), ["tokens"]),
        (flip("models"), ["base model"]),
        (flip("pack"), ["pack"]),
        (flip("pack", "manifest.json"), ["pack"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_F29_each_damaged_link_is_found_and_named(
    cluster: SimCluster, store: LocalStore, lineage: Any, damage: Break, broken: list[str]
) -> None:
    damage(cluster, store)
    code, answer = lineage()
    assert (code, answer["intact"]) == (1, False)
    assert [name for name, state in states(answer).items() if state == "broken"] == broken


def test_a_report_that_asks_for_something_else_is_found(store: LocalStore, lineage: Any) -> None:
    """Rewritten to be readable, so that only its digest can tell."""
    key = next(k for k in store.list("package") if k.endswith("/report.json"))
    told = json.loads(store.read(key))
    told["request"]["dataset"]["digest"] = "sha256:" + "e" * 64
    store.write(key, json.dumps(told).encode())
    code, answer = lineage()
    assert code == 1
    assert states(answer)["package report"] == "broken"


def test_a_report_rewritten_together_with_its_marker_is_found_by_the_runs_record(
    cluster: SimCluster, store: LocalStore, lineage: Any
) -> None:
    key = next(k for k in store.list("package") if k.endswith("/report.json"))
    for record in cluster.of("ControllerRevision"):
        if record["data"].get("stage") == "package":
            record["data"]["reportDigest"] = f"sha256:{store.sha256(key)}"
            cluster.put("ControllerRevision", record)
    assert lineage()[0] == 0
    store.write(key, store.read(key) + b" ")
    (marker_key,) = (k for k in store.list(key.rpartition("/")[0].rpartition("/")[0]) if "/done-" in k)
    marker = json.loads(store.read(marker_key))
    store.write(marker_key, json.dumps(marker | {"reportDigest": f"sha256:{store.sha256(key)}"}).encode())
    code, answer = lineage()
    assert (code, states(answer)["package report"]) == (1, "broken")


def test_a_deleted_run_breaks_nothing(cluster: SimCluster, lineage: Any) -> None:
    cluster.drop("TrainingRun", "good")
    code, answer = lineage()
    assert (code, states(answer)["run"]) == (0, "note")


def test_a_source_that_was_replaced_since_breaks_nothing(store: LocalStore, lineage: Any) -> None:
    store.write(SOURCE, b"other rows\n")
    code, answer = lineage()
    assert (code, states(answer)["source"]) == (0, "note")


def test_nothing_live_is_told(cluster: SimCluster, lineage: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.add("Deployment", "new", {"gateRef": {"name": "gate"}})
    assert main(["lineage", "new", "-n", "team", "--root", "file:///x"]) == 1
    assert "serves nothing yet" in capsys.readouterr().err
    assert main(["lineage", "absent", "-n", "team", "--root", "file:///x"]) == 1
    assert "there is no Deployment absent" in capsys.readouterr().err
