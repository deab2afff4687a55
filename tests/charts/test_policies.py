"""What the chart says about who may do what: admission policies, their switch, and roles for people."""

from typing import Any

import pytest
import yaml

from sluice_api import meta
from sluice_operator.chartgen import CHART
from sluice_operator.settings import Settings
from support.chart import render_chart

DECISIONS = ("promote", "rollback-to", "clear-rollback", "approve", "pin")
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {o["metadata"]["name"]: o for o in objects if o["kind"] == kind}


@pytest.mark.parametrize("values", ["minimal", "full"])
def test_each_policy_refuses_when_in_doubt_and_is_bound(values: str) -> None:
    objects = render_chart("--values", str(CHART / "ci" / f"{values}.yaml"))
    policies, bindings = of_kind(objects, POLICY), of_kind(objects, BINDING)
    prefix = "gatekeeper" if values == "full" else "sluice"
    assert {f"{prefix}-{name}" for name in DECISIONS} < set(policies)
    assert set(policies) == set(bindings)
    assert {p["spec"]["failurePolicy"] for p in policies.values()} == {"Fail"}
    for name, binding in bindings.items():
        assert binding["spec"]["policyName"] == name
        assert binding["spec"]["validationActions"] == ["Deny"]
        assert ("paramKind" in policies[name]["spec"]) == ("paramRef" in binding["spec"])


def test_each_refusal_says_what_is_allowed() -> None:
    for policy in of_kind(render_chart(), POLICY).values():
        for validation in policy["spec"]["validations"]:
            assert "message" in validation or "messageExpression" in validation


def test_without_policies_the_operator_knows_that_decisions_are_not_verified() -> None:
    assert parsed_settings(render_chart()).decisions_verified
    objects = render_chart("--set", "policies.enabled=false")
    assert not of_kind(objects, POLICY)
    assert not of_kind(objects, BINDING)
    assert not parsed_settings(objects).decisions_verified


def parsed_settings(objects: list[dict[str, Any]]) -> Settings:
    (found,) = of_kind(objects, "ConfigMap").values()
    return Settings.parse(yaml.safe_load(found["data"]["settings.yaml"]))


def test_the_operator_and_whom_the_values_name_are_trusted() -> None:
    who = "policies.trustedUsers={system:serviceaccount:queues:kueue}"
    (policy,) = (
        p for name, p in of_kind(render_chart("--set", who), POLICY).items() if name == "sluice-status"
    )
    (validation,) = policy["spec"]["validations"]
    assert '"system:serviceaccount:sluice-system:sluice"' in validation["expression"]
    assert '"system:serviceaccount:queues:kueue"' in validation["expression"]
    assert '"system:masters"' in validation["expression"]


def test_each_role_reaches_the_built_in_one_that_it_belongs_to() -> None:
    roles = of_kind(render_chart(), "ClusterRole")
    aggregated = "rbac.authorization.k8s.io/aggregate-to-"
    reached = {
        (name, label.removeprefix(aggregated))
        for name, role in roles.items()
        for label in role["metadata"]["labels"]
        if label.startswith(aggregated)
    }
    assert reached == {("sluice-viewer", "view"), ("sluice-trainer", "edit"), ("sluice-promoter", "admin")}


def test_who_trains_writes_packs_and_runs_and_who_promotes_all_but_runs() -> None:
    roles = of_kind(render_chart(), "ClusterRole")
    assert written(roles["sluice-viewer"]) == set()
    assert written(roles["sluice-trainer"]) == {"datasetpacks", "trainingruns"}
    decisions = {"modeldeployments/promote", "modeldeployments/rollback", "modeldeployments/clear-rollback"}
    bar = {"datasetpacks", "evalgates", "modeldeployments", "datasetpacks/suite"}
    assert written(roles["sluice-promoter"]) == bar | decisions | {"evalgates/approve"}


def test_a_value_gives_the_bar_to_edit_but_no_decision() -> None:
    assert not parsed_settings(render_chart()).gates_for_edit
    objects = render_chart("--set", "roles.gatesForEdit=true")
    role = of_kind(objects, "ClusterRole")["sluice-gates"]
    assert "rbac.authorization.k8s.io/aggregate-to-edit" in role["metadata"]["labels"]
    assert written(role) == {"datasetpacks", "evalgates", "modeldeployments", "datasetpacks/suite"}
    assert parsed_settings(objects).gates_for_edit


def test_roles_for_people_can_be_left_to_another_release() -> None:
    objects = render_chart("--set", "roles.install=false")
    assert not [name for name in of_kind(objects, "ClusterRole") if name != "sluice"]


EVERYWHERE = {"sluice-externalips", "sluice-operator"}
"""Policies about traffic from any namespace, and about the one account of this release."""


def test_policies_hold_where_the_operator_works() -> None:
    """Two operators, each with namespaces of its own, do not refuse each other's writes."""
    key = "kubernetes.io/metadata.name"
    for name, policy in of_kind(render_chart("--set", "watchNamespaces={team-a,team-b}"), POLICY).items():
        if name not in EVERYWHERE:
            (rule,) = policy["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"]
            assert rule == {"key": key, "operator": "In", "values": ["team-a", "team-b"]}
    everywhere = of_kind(render_chart(), POLICY)
    assert not [n for n, p in everywhere.items() if "namespaceSelector" in p["spec"]["matchConstraints"]]


def test_the_policy_about_addresses_can_be_left_out() -> None:
    left = of_kind(render_chart("--set", "policies.externalIPs=false"), POLICY)
    assert of_kind(render_chart(), POLICY).keys() - left.keys() == {"sluice-externalips"}


def test_who_enters_a_pod_is_asked_about_pods_of_ours_alone() -> None:
    """Each parameter costs every exec of the namespace."""
    policy, binding = (of_kind(render_chart(), kind)["sluice-exec"]["spec"] for kind in (POLICY, BINDING))
    assert policy["paramKind"] == {"apiVersion": "v1", "kind": "Pod"}
    assert [c["name"] for c in policy["matchConditions"]] == ["this-pod", "not-trusted"]
    (wanted,) = binding["paramRef"]["selector"]["matchExpressions"]
    assert wanted == {"key": meta.LABEL_OWNER, "operator": "Exists"}


def written(role: dict[str, Any]) -> set[str]:
    """What a role may do more with than read."""
    rules = [rule for rule in role["rules"] if set(rule["verbs"]) - {"get", "list", "watch"}]
    return {resource for rule in rules for resource in rule["resources"]}
