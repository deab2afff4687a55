"""A training pack that names evaluation packs: it waits for them, and asks the stage about their digests."""

from typing import Any

import pytest

from support.quickstart import Stages, pack_spec, quickstart
from support.simcluster import SimCluster


def against(*names: str, action: str = "Drop") -> dict[str, Any]:
    return {"contaminationAgainst": [{"datasetRef": {"name": name}, "action": action} for name in names]}


def ready(cluster: SimCluster, name: str) -> tuple[str, str, str]:
    """Status, reason and message of Ready."""
    found = cluster.objects["DatasetPack", name]["status"]["conditions"]
    return next((c["status"], c["reason"], c["message"]) for c in found if c["type"] == "Ready")


def asked(stages: Stages, source: str) -> list[dict[str, Any]]:
    """Requests of pack stages that read this file."""
    packs = [e.request for e in stages.asked if e.stage == "pack"]
    return [r for r in packs if source in r["sources"][0]["locator"]]


def test_a_pack_waits_for_the_packs_that_it_names_and_asks_about_their_digests() -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.settle()
    cluster.add("DatasetPack", "mine", pack_spec("mine") | against("gold", "late"))
    cluster.settle()
    assert ready(cluster, "mine")[:2] == ("False", "ReferenceNotFound")
    assert asked(stages, "mine") == []
    cluster.add("DatasetPack", "late", pack_spec("late", "Evaluation") | {"suspend": True})
    cluster.settle()
    assert ready(cluster, "mine")[:2] == ("False", "ReferenceNotReady")
    cluster.add("DatasetPack", "late", pack_spec("late", "Evaluation"))
    cluster.settle()
    assert ready(cluster, "mine")[:2] == ("True", "Packed")
    [request] = asked(stages, "mine")
    digests = [cluster.objects["DatasetPack", name]["status"]["digest"] for name in ("gold", "late")]
    assert [(c["name"], c["dataset"]["digest"], c["action"]) for c in request["contaminationAgainst"]] == [
        ("gold", digests[0], "Drop"),
        ("late", digests[1], "Drop"),
    ]


def test_what_is_shared_with_each_pack_is_shown() -> None:
    stages = Stages()
    stages.shared = "12 3"
    cluster = quickstart(stages)
    cluster.add("DatasetPack", "mine", pack_spec("mine") | against("gold", "late"))
    cluster.add("DatasetPack", "late", pack_spec("late", "Evaluation"))
    cluster.settle()
    assert cluster.objects["DatasetPack", "mine"]["status"]["contamination"] == [
        {"dataset": "gold", "action": "Drop", "exact": 12, "near": 3}
    ], "as far as the report has room"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (("mine",), "DatasetPack mine names itself"),
        (("other",), "DatasetPack other has purpose Train"),
        (("absent", "other"), "DatasetPack other has purpose Train"),
    ],
)
def test_packs_that_name_themselves_or_each_other_are_told_so(named: tuple[str, ...], message: str) -> None:
    stages = Stages()
    cluster = quickstart(stages)
    cluster.add("DatasetPack", "mine", pack_spec("mine") | against(*named))
    cluster.add("DatasetPack", "other", pack_spec("other") | against("mine"))
    cluster.settle()
    assert ready(cluster, "mine")[:2] == ("False", "ReferenceUnusable")
    assert message in ready(cluster, "mine")[2]
    assert asked(stages, "mine") == asked(stages, "other") == []


@pytest.mark.parametrize(
    "spec",
    [
        pack_spec("mine", "Evaluation") | against("gold"),
        pack_spec("mine") | against("gold", "gold"),
        pack_spec("mine") | against("gold", action="Ignore"),
    ],
)
def test_what_makes_no_sense_is_an_invalid_spec(spec: dict[str, Any]) -> None:
    cluster = quickstart()
    cluster.add("DatasetPack", "mine", spec)
    cluster.settle()
    assert ready(cluster, "mine")[:2] == ("False", "InvalidSpec")
