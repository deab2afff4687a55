"""A training pack that is compared with evaluation packs: report, drop, block."""

import json
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.contracts.reports import PackResult
from sluice_api.errors import StageError
from support.evalbench import Bench

GOLD = [(f"question {n}", "yes") for n in range(20)]
TRAINED = [*((f"own {n}", "yes") for n in range(30)), ("question 3", "no"), ("QUESTION 4?", "no"), GOLD[5]]


def against(bench: Bench, action: str, name: str = "gold", rows: Any = None) -> dict[str, Any]:
    return {"name": name, "dataset": bench.pack(rows or GOLD).dump(), "action": action}


def packed(bench: Bench, *checked: dict[str, Any], rows: Any = None, **request: Any) -> PackResult:
    """The training pack."""
    bench.chats(rows or TRAINED, purpose="Train", contaminationAgainst=list(checked), **request)
    assert bench.result is not None
    return bench.result


def refusal(bench: Bench, *checked: dict[str, Any], rows: Any = None) -> StageError:
    with pytest.raises(StageError) as caught:
        packed(bench, *checked, rows=rows)
    return caught.value


def codes(result: PackResult) -> dict[str, int]:
    return {rejection.reason: rejection.count for rejection in result.rejections}


def details(bench: Bench, result: PackResult) -> dict[str, Any]:
    assert result.manifest is not None
    manifest = json.loads((bench.root / result.manifest.uri / "manifest.json").read_text())
    found: dict[str, Any] = manifest["details"]
    return found


def test_dropped_rows_are_counted_per_form_and_are_no_fault(bench: Bench) -> None:
    result = packed(bench, against(bench, "Drop"), validation={"maxRejectedPercent": 0})
    assert codes(result) == {"contaminated": 2, "near_contaminated": 1}
    assert (result.rows.read, result.rows.accepted, result.contamination) == (33, 30, "2 1")
    told = details(bench, result)
    assert told["contamination"] == [{"dataset": "gold", "action": "Drop", "exact": 2, "near": 1}]
    assert told["rejections"][0]["first"][0]["detail"] == "its prompt stands in DatasetPack gold"


def test_reported_rows_stay(bench: Bench) -> None:
    result = packed(bench, against(bench, "Report"))
    assert (codes(result), result.rows.accepted, result.contamination) == ({}, 33, "2 1")


def test_each_pack_is_counted_and_acts_for_itself(bench: Bench) -> None:
    easy, hard = [("own 1", "yes"), ("question 3", "yes")], [("Own 2", "yes")]
    checked = [against(bench, "Report", "easy", easy), against(bench, "Drop", "hard", hard)]
    result = packed(bench, *checked)
    assert (codes(result), result.contamination) == ({"near_contaminated": 1}, "2 0,0 1")


def test_a_blocked_pack_is_refused_with_the_counts(bench: Bench) -> None:
    checked = [against(bench, "Report", "easy"), against(bench, "Block", "gold")]
    refused = refusal(bench, *checked)
    assert refused.reason is reasons.PACK_CONTAMINATED
    assert str(refused) == "rows share their prompt with evaluation packs: 2 with gold and 1 nearly"
    clean = packed(bench, against(bench, "Block"), rows=TRAINED[:30])
    assert (clean.rows.accepted, clean.contamination) == (30, "0 0")


def test_a_conversation_is_dropped_for_any_of_its_turns(bench: Bench) -> None:
    turns = ["question 3", "yes", "and then?", "no"]
    result = packed(bench, against(bench, "Drop"), rows=[turns, turns[2:]])
    assert codes(result) == {"contaminated": 1}


def test_a_pack_of_nothing_else_has_no_usable_rows(bench: Bench) -> None:
    refused = refusal(bench, against(bench, "Drop"), rows=GOLD)
    assert refused.reason is reasons.NO_USABLE_ROWS
    assert "contaminated 20" in str(refused)


def test_another_instruction_and_another_task_hide_nothing(bench: Bench) -> None:
    tickets = [(f"ticket {n}", "red") for n in range(10)] + [("own", "blue")]
    checked = {"name": "gold", "dataset": bench.tickets(tickets[:5]).dump(), "action": "Drop"}
    bench.tickets(tickets, purpose="Train", instruction="Another", contaminationAgainst=[checked])
    assert bench.result is not None
    assert codes(bench.result) == {"contaminated": 5}
    assert codes(packed(bench, checked, rows=tickets)) == {"contaminated": 5}


def test_only_evaluation_packs_are_compared_with(bench: Bench) -> None:
    checked = {"name": "train", "dataset": bench.pack(GOLD, purpose="Train").dump(), "action": "Drop"}
    assert refusal(bench, checked).reason is reasons.REFERENCE_UNUSABLE


def test_a_pack_that_is_compared_with_none_is_what_it_was(bench: Bench) -> None:
    plain = packed(bench)
    assert (plain.contamination, details(bench, plain).get("contamination", [])) == ("", [])


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_dropped_rows_are_not_the_first_of_their_duplicates(bench: Bench, order: list[int]) -> None:
    rows = [GOLD[3], GOLD[3], ("own", "yes")]
    result = packed(bench, against(bench, "Drop"), rows=[rows[order[0]], rows[order[1]], rows[2]])
    assert codes(result) == {"contaminated": 2}
