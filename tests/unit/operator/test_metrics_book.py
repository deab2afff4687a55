"""The book of series: they go with their object, count once, and break no pass."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice_api import reasons
from sluice_api.audit import AuditRecord
from sluice_operator.gauges.book import Book
from sluice_operator.metrics import objects
from sluice_operator.metrics.families import Family
from sluice_operator.model import (
    EventNote,
    Key,
    Observed,
    Plan,
    ResourceKind,
)
from support.gauged import EARLY, NOW, book, link, observed, pod, seconds

SAFE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def passed(kept: Book, looked: Observed, plan: Plan) -> None:
    planners = kept.wrap({looked.me.resource.kind: lambda _: plan})
    assert planners[looked.me.resource.kind](looked) is plan


def samples(kept: Book, family: Family) -> dict[tuple[str, ...], float]:
    name = family.name.removesuffix("_total")
    (found,) = (f for f in kept.collect() if f.name == name)
    return {tuple(s.labels.values()): s.value for s in found.samples}


def test_series_go_with_their_object() -> None:
    gone: set[str] = set()
    kept = Book(lambda key: None if key.name in gone else key, lambda _: None)
    for name in ("a", "b"):
        passed(kept, observed("Deployment", link(1), name=name), Plan(status={}))
    assert samples(kept, objects.REFUSED) == {("team", "a"): 0, ("team", "b"): 0}
    gone.add("a")
    assert samples(kept, objects.REFUSED) == {("team", "b"): 0}
    assert {labels[1] for labels in samples(kept, objects.PROMOTIONS)} == {"b"}


def test_an_object_that_is_being_deleted_keeps_what_it_said() -> None:
    kept = book()
    passed(kept, observed("Deployment"), Plan(status={"refused": [{}]}))
    passed(kept, observed("Deployment"), Plan(status=None))
    assert samples(kept, objects.REFUSED) == {("team", "one"): 1}


def test_transitions_are_counted_once_from_zero_and_only_as_they_happen() -> None:
    kept, before = book(), (link(1), link(2, phase="intended"))
    passed(kept, observed("Deployment", *before), Plan(status={}))
    assert set(samples(kept, objects.PROMOTIONS).values()) == {0}
    after = (*before, link(3), link(4, "drift"), link(5, "repair"), link(6, "promote", "intended"))
    for _ in range(2):
        passed(kept, observed("Deployment", *after), Plan(status={}))
    assert samples(kept, objects.PROMOTIONS)["team", "one", "automatic"] == 1
    assert samples(kept, objects.PROMOTIONS)["team", "one", "promote"] == 0
    assert samples(kept, objects.ROLLBACKS) == {
        ("team", "one", "rollback-to"): 0,
        ("team", "one", "health"): 0,
        ("team", "one", "drift"): 1,
    }
    assert samples(kept, objects.REPAIRS) == {("team", "one"): 1}


@pytest.mark.parametrize(
    ("chain", "events", "since"),
    [
        ([link(1), link(4, "repair")], (), seconds(EARLY)),
        ([link(4, "repair"), link(5, "repair", "intended")], (), seconds(EARLY)),
        ([link(1)], (reasons.TRAFFIC_TAMPERED,), NOW.timestamp()),
        ([link(4, "repair")], (reasons.TRAFFIC_TAMPERED,), NOW.timestamp()),
        ([link(1)], (reasons.PROMOTED,), None),
    ],
    ids=["record", "announced", "event", "both", "neither"],
)
def test_tampering_is_told_from_records_and_from_passes(
    chain: list[AuditRecord], events: tuple[reasons.Reason, ...], since: float | None
) -> None:
    kept = book()
    plan = Plan(status={}, events=tuple(EventNote(reason, "") for reason in events))
    passed(kept, observed("Deployment", *chain), plan)
    passed(kept, observed("Deployment", *chain), Plan(status={}))
    assert samples(kept, objects.LAST_TAMPERED) == ({("team", "one"): since} if since else {})


def test_the_first_promotion_of_a_new_deployment_counts() -> None:
    kept = book()
    passed(kept, observed("Deployment"), Plan(status={}))
    passed(kept, observed("Deployment", link(1)), Plan(status={}))
    assert samples(kept, objects.PROMOTIONS)["team", "one", "automatic"] == 1


@pytest.mark.parametrize(("heard", "expected"), [(NOW, {("team", "one"): NOW.timestamp()}), (None, {})])
def test_heartbeats_are_told_between_passes(
    heard: datetime | None, expected: dict[tuple[str, ...], float]
) -> None:
    kept, status = book(heard), {"job": {"stage": "train", "job": "j"}}
    passed(kept, observed("TrainingRun", pods=(pod(),)), Plan(status=status))
    assert samples(kept, objects.RUN_HEARTBEAT) == expected
    passed(kept, observed("TrainingRun", pods=(pod("Succeeded"),)), Plan(status=status))
    assert samples(kept, objects.RUN_HEARTBEAT) == {}


@pytest.mark.parametrize("kind", ["Deployment", "EvalGate", "TrainingRun", "DatasetPack"])
@settings(max_examples=25)
@given(
    status=st.dictionaries(
        st.sampled_from(
            ("active", "history", "drift", "audit", "conditions", "job", "progress", "candidate")
        ),
        SAFE,
    )
)
def test_no_status_can_break_a_pass(kind: ResourceKind, status: dict[str, Any]) -> None:
    kept = book()
    passed(kept, observed(kind, spec={"drift": {"everySeconds": 60}}), Plan(status=status))
    assert list(kept.collect())


def test_a_key_is_told_for_its_own_kind_alone() -> None:
    kept = Book(lambda key: key if key == Key("team", "EvalGate", "one") else None, lambda _: None)
    passed(kept, observed("Deployment"), Plan(status={}))
    passed(kept, observed("EvalGate"), Plan(status={}))
    assert samples(kept, objects.REFUSED) == {}
    assert samples(kept, objects.GATE_VERDICT)
