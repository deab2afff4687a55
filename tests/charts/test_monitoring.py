"""Monitors and rules: behind switches, only where their kinds exist, and pointed at what is there."""

from collections.abc import Sequence

import pytest

from sluice_api import meta
from support.chart import PROMETHEUS, helm, of_kind, render_chart

KINDS = {
    "serviceMonitor": "ServiceMonitor",
    "podMonitor": "PodMonitor",
    "rules": "PrometheusRule",
}
ALL_ON = tuple(f"--set=monitoring.{switch}.enabled=true" for switch in KINDS)
NOTE = "Monitors and alerts are left out"


def monitoring(*arguments: str) -> set[str]:
    return {o["kind"] for o in render_chart(*arguments)} & set(KINDS.values())


def notes(*arguments: str) -> str:
    done = helm("install", "--dry-run=client", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\nNOTES:\n")[1]


@pytest.mark.parametrize("switch", KINDS)
def test_each_switch_brings_its_own_object(switch: str) -> None:
    assert monitoring(PROMETHEUS, f"--set=monitoring.{switch}.enabled=true") == {KINDS[switch]}


@pytest.mark.parametrize("arguments", [(), (PROMETHEUS,)])
def test_by_default_there_is_none_and_nothing_is_said(arguments: Sequence[str]) -> None:
    assert monitoring(*arguments) == set()
    assert NOTE not in notes()


def test_without_their_kinds_the_chart_says_so_and_installs_the_rest() -> None:
    assert render_chart(*ALL_ON) == render_chart()
    assert NOTE in notes(*ALL_ON)


def test_the_service_monitor_reaches_the_metrics_of_every_replica_and_keeps_their_namespaces() -> None:
    objects = render_chart(PROMETHEUS, *ALL_ON)
    (monitor,) = of_kind(objects, "ServiceMonitor")
    (service,) = of_kind(objects, "Service")
    (endpoint,) = monitor["spec"]["endpoints"]
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["honorLabels"] is True


def test_X13_the_pod_monitor_reaches_every_slot_and_names_its_deployment() -> None:
    (monitor,) = of_kind(render_chart(PROMETHEUS, *ALL_ON), "PodMonitor")
    spec = monitor["spec"]
    assert spec["namespaceSelector"] == {"any": True}
    assert spec["selector"] == {
        "matchLabels": {meta.LABEL_MANAGED_BY: meta.MANAGED_BY},
        "matchExpressions": [{"key": meta.LABEL_SLOT, "operator": "Exists"}],
    }
    (endpoint,) = spec["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("http", "/metrics")
    sources = {r["targetLabel"]: r["sourceLabels"] for r in endpoint["relabelings"]}
    label = "__meta_kubernetes_pod_label_" + meta.LABEL_OWNER.replace(".", "_").replace("/", "_")
    assert sources["deployment"] == [label]


def test_slots_are_looked_for_where_the_operator_works() -> None:
    given = "--set=watchNamespaces={team-a,team-b}"
    (monitor,) = of_kind(render_chart(PROMETHEUS, *ALL_ON, given), "PodMonitor")
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["team-a", "team-b"]}


def test_labels_are_added_to_objects_and_to_alerts() -> None:
    given = ("--set=monitoring.labels.release=prometheus", "--set=monitoring.rules.labels.team=models")
    objects = render_chart(PROMETHEUS, *ALL_ON, *given)
    found = [o for o in objects if o["kind"] in KINDS.values()]
    assert [o["metadata"]["labels"]["release"] for o in found] == ["prometheus"] * 3
    (rule,) = of_kind(objects, "PrometheusRule")
    alerts = [r for group in rule["spec"]["groups"] for r in group["rules"] if "alert" in r]
    assert {alert["labels"]["team"] for alert in alerts} == {"models"}


def test_alerts_can_be_left_out_and_thresholds_and_runbooks_moved() -> None:
    given = (
        "--set=monitoring.rules.disabled={SluiceGateFailing}",
        "--set=monitoring.rules.thresholds.gateStuckSeconds=86400",
        "--set=monitoring.rules.runbooks=https://example.test/runbooks/",
    )
    (rule,) = of_kind(render_chart(PROMETHEUS, *ALL_ON, *given), "PrometheusRule")
    alerts = {r["alert"]: r for group in rule["spec"]["groups"] for r in group["rules"] if "alert" in r}
    assert "SluiceGateFailing" not in alerts
    stuck = alerts["SluiceGateStuck"]
    assert "> 86400" in stuck["expr"]
    assert stuck["annotations"]["runbook_url"] == "https://example.test/runbooks/SluiceGateStuck.md"


def test_every_threshold_of_the_values_stands_in_a_rule_and_none_is_forgotten() -> None:
    (rule,) = of_kind(render_chart(PROMETHEUS, *ALL_ON), "PrometheusRule")
    text = str(rule["spec"])
    assert "Seconds>" not in text
    assert all(f"> {number}" in text for number in (1800, 7200, 900, 3600))
