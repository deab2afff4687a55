"""Metrics: one table for the endpoint and the page."""

import pytest

from sluice_operator import metrics
from sluice_operator.metrics import FAMILIES
from sluice_operator.metrics.families import Family, declare
from sluice_operator.metrics.reference import metrics_page
from support.gauged import book


def test_X13_every_metric_is_told_from_the_start_and_stands_in_the_reference() -> None:
    told_names = {f.name for f in metrics.REGISTRY.collect()} | {f.name for f in book().collect()}
    # The client's families of counters have no `_total` in their names; their samples do.
    stems = {name.removesuffix("_total") for name in FAMILIES}
    conditions = metrics.ConditionCollector(lambda: [], lambda: [])
    assert told_names | {f.name for f in conditions.collect()} == stems
    assert all(f"`{name}`" in metrics_page() for name in FAMILIES)


def test_the_table_keeps_to_the_conventions() -> None:
    ours = [family for family in FAMILIES.values() if not family.name.startswith("process_")]
    assert len(FAMILIES) - len(ours) == 6, "of the process, as every client of Prometheus names them"
    for family in ours:
        assert family.name.startswith("sluice_")
        assert (family.type == "counter") == family.name.endswith("_total")
        assert (family.unit == "Unix seconds") == family.name.endswith("_timestamp_seconds")
        assert (family.unit == "always 1") == family.name.endswith("_info")
        assert family.help.endswith(".")


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="sluice_leader is declared twice"):
        declare(Family("sluice_leader", "gauge", ""))
