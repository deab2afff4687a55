"""Who may edit everything in a namespace, and decide nothing, does not decide by the back door."""

from collections.abc import Callable

import pytest

from sluice_api import meta
from sluice_operator.kinds import WATCHED
from support.asked import GATEKEEPER, OTHER_DIGEST, PROMOTER, annotate, create, live_digest, patch
from support.teamspace import Teamspace

Enter = Callable[[Teamspace, str], Teamspace]


@pytest.mark.parametrize("key", ["promote", "rollback-to", "clear-rollback"])
def test_an_annotation_in_the_editors_own_name_needs_the_verb(edited: Teamspace, key: str) -> None:
    answer = annotate(edited, "Deployment", "live", key, f"{live_digest(edited)} 9.abcd {GATEKEEPER}")
    assert answer.code == 403
    assert "sluice-promoter grants it" in answer.message


@pytest.mark.parametrize("key", ["promote", "rollback-to", "clear-rollback"])
def test_an_annotation_in_the_name_of_who_may_is_refused(edited: Teamspace, key: str) -> None:
    answer = annotate(edited, "Deployment", "live", key, f"{live_digest(edited)} 9.abcd {PROMOTER}")
    assert answer.code == 403
    assert f"who asks, {GATEKEEPER}" in answer.message


def test_a_gate_is_not_approved_by_its_editor(edited: Teamspace) -> None:
    for name in (GATEKEEPER, PROMOTER):
        value = f"{live_digest(edited)} 0123456789ab.abcd {name}"
        assert annotate(edited, "EvalGate", "gate", "approve", value).code == 403


def test_an_object_is_not_created_with_a_decision_or_a_pin(edited: Teamspace) -> None:
    spec = {"gateRef": {"name": "gate"}}
    body = {"apiVersion": meta.API_VERSION, "kind": "Deployment", "metadata": {"name": "second"}}
    asked = {"annotations": {f"{meta.GROUP}/promote": f"{live_digest(edited)} 0.abcd {GATEKEEPER}"}}
    with_request = body | {"metadata": {"name": "second", **asked}, "spec": spec}
    assert create(edited, "Deployment", with_request).code == 403
    pinned = body | {"spec": spec | {"promotion": {"pin": live_digest(edited)}}}
    assert create(edited, "Deployment", pinned).code == 403


def test_a_pin_is_a_decision(edited: Teamspace) -> None:
    answer = patch(edited, "Deployment", "live", {"spec": {"promotion": {"pin": OTHER_DIGEST}}})
    assert answer.code == 403
    assert "is promoting" in answer.message


def test_the_rest_of_the_spec_is_the_editors(edited: Teamspace) -> None:
    answer = patch(edited, "Deployment", "live", {"spec": {"revisionHistoryLimit": 9}})
    assert answer.code == 200


def test_leaving_manual_is_a_decision_and_entering_it_is_none(edited: Teamspace, town: Teamspace) -> None:
    assert patch(edited, "Deployment", "live", {"spec": {"promotion": {"policy": "Manual"}}}).code == 200
    left = patch(edited, "Deployment", "live", {"spec": {"promotion": {"policy": "Automatic"}}})
    assert left.code == 403
    town.patch("Deployment", "live", {"spec": {"promotion": {"policy": "Automatic"}}})


def test_what_stands_is_carried_on_and_taken_away_by_anybody(edited: Teamspace, as_user: Enter) -> None:
    promoter = as_user(edited, PROMOTER)
    value = f"{OTHER_DIGEST} 0.abcd {PROMOTER}"
    assert annotate(promoter, "Deployment", "live", "clear-rollback", value).code == 200
    whole = edited.get("Deployment", "live")
    path = WATCHED["Deployment"].path(edited.name, "live")
    assert edited.api.call("PUT", path, whole).code in (200, 409)
    assert patch(edited, "Deployment", "live", {"metadata": {"labels": {"team": "a"}}}).code == 200
    assert annotate(edited, "Deployment", "live", "clear-rollback", f"{value} ").code == 422
    assert annotate(edited, "Deployment", "live", "clear-rollback", None).code == 200
