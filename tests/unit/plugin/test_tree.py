"""The tree of a namespace, from statuses."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from sluice_operator.model import Meta, Resource, ResourceKind
from sluice_plugin.status.tree import Node, bar, forest
from sluice_plugin.status.verb import render

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def thing(kind: ResourceKind, name: str, spec: dict[str, Any], labels: Any = None, **status: Any) -> Resource:
    meta = Meta(name, "team", f"uid-{name}", "1", datetime(2026, 1, 1, tzinfo=UTC), labels=labels or {})
    return Resource(kind, meta, spec, status)


def condition(kind: str, reason: str = "", message: str = "") -> dict[str, str]:
    return {"type": kind, "status": "True", "reason": reason, "message": message}


PACK = thing("DatasetPack", "rows", {}, rows={"read": 10, "accepted": 9}, conditions=[condition("Ready")])
RUN = thing(
    "TrainingRun",
    "good",
    {"datasetRef": {"name": "rows"}},
    {"task": "x"},
    artifact={"digest": DIGEST},
    phase="Succeeded",
    conditions=[condition("Ready", "Trained")],
)
BUSY = thing(
    "TrainingRun",
    "next",
    {"datasetRef": {"name": "rows"}},
    progress={"percent": 40, "step": 4, "etaSeconds": 60},
)
GATE = thing(
    "EvalGate",
    "gate",
    {"candidates": {"selector": {"matchLabels": {"task": "x"}}}},
    verdicts=[{"digest": OTHER, "verdict": "Fail"}, {"digest": DIGEST, "verdict": "Pass"}],
    conditions=[condition("Ready")],
)
LIVE = thing("Deployment", "live", {"gateRef": {"name": "gate"}}, active={"digest": DIGEST})


def names(nodes: tuple[Node, ...]) -> list[Any]:
    return [(node.name, names(node.children)) for node in nodes]


def test_each_object_stands_under_what_it_came_from() -> None:
    tree = forest([LIVE, GATE, BUSY, RUN, PACK])
    assert names(tree) == [("rows", [("good", [("gate", [("live", [])])]), ("next", [])])]


def test_progress_verdict_and_traffic_are_told_where_they_belong() -> None:
    (pack,) = forest([PACK, RUN, BUSY, GATE, LIVE])
    good, busy = pack.children
    assert pack.text == "9 of 10 rows"
    assert (good.mark, good.phase, good.reason) == ("good", "Succeeded", "Trained")
    assert good.children[0].text == "Pass"
    assert good.children[0].children[0].text == "serves this run"
    assert "40 %" in busy.text
    assert busy.mark == "busy"


def test_what_has_no_place_stands_at_the_top() -> None:
    lonely = thing("TrainingRun", "lonely", {"datasetRef": {"name": "gone"}})
    assert names(forest([lonely, LIVE])) == [("lonely", []), ("live", [])]


def test_what_is_stuck_says_why() -> None:
    stuck = thing(
        "DatasetPack",
        "bad",
        {},
        conditions=[condition("Stalled", "TooFewRows", "3 of 5 [rows]"), condition("Ready")],
    )
    (node,) = forest([stuck])
    assert (node.mark, node.reason) == ("bad", "TooFewRows")
    assert "3 of 5 [rows]" in node.text


def test_odd_statuses_are_shown_and_never_raise() -> None:
    odd = Resource(
        "TrainingRun", RUN.meta, {"datasetRef": 3}, {"progress": [], "conditions": "x", "artifact": 1}
    )
    assert forest([odd])[0].mark == "busy"


def test_markup_in_an_objects_text_is_text() -> None:
    console = Console(record=True, width=200)
    stuck = thing("DatasetPack", "bad", {}, conditions=[condition("Stalled", "X", "[bold]3[/bold] of 5")])
    console.print(render(forest([stuck]), "team"))
    assert "[bold]3[/bold] of 5" in console.export_text()


def test_the_bar_is_as_long_at_every_percentage() -> None:
    assert {len(bar(percent)) for percent in (-5, 0, 50, 100, 200)} == {20}
