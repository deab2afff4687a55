"""Conditions keep their transition time while their status stands."""

from typing import Any

from sluice_api.conditions import Condition, ConditionStatus, find, merge
from sluice_api.crdgen.crd import NEVER_SEEN

OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def condition(type_: str, status: ConditionStatus, time: str = NEW, **changes: Any) -> Condition:
    fields: dict[str, Any] = {"observed_generation": 2, "reason": "Running", "message": "m"} | changes
    return Condition(type=type_, status=status, last_transition_time=time, **fields)


def test_time_stays_while_only_reason_message_or_generation_change() -> None:
    before = [condition("Ready", "False", OLD, reason="Pending", observed_generation=1).dump()]
    (merged,) = merge(before, [condition("Ready", "False")])
    assert merged == condition("Ready", "False", OLD)


def test_time_moves_when_the_status_changes() -> None:
    (merged,) = merge([condition("Ready", "False", OLD).dump()], [condition("Ready", "True")])
    assert merged.last_transition_time == NEW


def test_the_time_of_the_default_status_is_nobodys() -> None:
    (merged,) = merge([NEVER_SEEN], [condition("Ready", "Unknown")])
    assert merged.last_transition_time == NEW


def test_unwanted_conditions_go_and_the_rest_is_in_order() -> None:
    before = [condition("Gone", "True", OLD).dump(), {}]
    merged = merge(before, [condition("Stalled", "False"), condition("Ready", "True")])
    assert [c.type for c in merged] == ["Ready", "Stalled"]


def test_find() -> None:
    conditions = [condition("Ready", "True"), condition("Stalled", "False")]
    assert find(conditions, "Stalled") is conditions[1]
    assert find(conditions, "Passed") is None
