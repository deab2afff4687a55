"""Views: what is read of raw objects, and that odd input never raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice_api import meta as names
from sluice_operator.kinds import WATCHED
from sluice_operator.model import JobView, Key, PodView, Resource
from sluice_operator.views import StoredRecord, open_record, owner_key, view_of
from support import objects

OWNER = ("TrainingRun", "run")
STAGE = {
    "record": "stage",
    "stage": "train",
    "requestHash": "a" * 64,
    "attempt": 1,
    "outcome": "Interrupted",
    "reason": "disrupted",
    "startedAt": "2026-01-01T00:00:00Z",
    "finishedAt": "2026-01-01T00:01:00Z",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "metadata",
                    "status",
                    "spec",
                    "conditions",
                    "containerStatuses",
                    "state",
                    "terminated",
                    "labels",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", WATCHED)
@given(data=json_values)
def test_odd_input_never_raises(kind: Any, data: Any) -> None:
    view = view_of(kind, data)
    assert view.meta.name == "" or isinstance(view.meta.name, str)


def pod_with(**status: Any) -> PodView:
    view = view_of("Pod", objects.pod("p", OWNER, "j", 7, status=status))
    assert isinstance(view, PodView)
    return view


def terminated(code: int, message: str = "", name: str = "main") -> dict[str, Any]:
    return {"name": name, "state": {"terminated": {"exitCode": code, "message": message, "reason": "Error"}}}


def test_a_pod_belongs_to_the_job_that_controls_it() -> None:
    view = pod_with()
    assert view.job == "j"
    assert view.meta.owner is not None
    assert view.meta.owner.uid == objects.uid(7)


def test_the_main_container_speaks_for_a_pod_that_ended_well() -> None:
    view = pod_with(
        initContainerStatuses=[terminated(0, "init")], containerStatuses=[terminated(0, "report")]
    )
    assert (view.exit_code, view.termination_message) == (0, "report")


def test_the_first_container_that_ended_badly_speaks() -> None:
    view = pod_with(
        initContainerStatuses=[terminated(64, "wrong digest")], containerStatuses=[terminated(1, "x")]
    )
    assert (view.exit_code, view.termination_message) == (64, "wrong digest")


def test_a_container_that_waits_to_restart_tells_how_it_ended_last() -> None:
    status = {
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
        "lastState": {"terminated": {"exitCode": 64, "message": "wrong digest"}},
    }
    view = pod_with(initContainerStatuses=[status])
    assert (view.exit_code, view.waiting_reason) == (64, "CrashLoopBackOff")


def test_a_missing_exit_code_is_no_success() -> None:
    view = pod_with(containerStatuses=[{"state": {"terminated": {"message": "{}"}}}])
    assert view.exit_code is None


def test_trouble_is_shown_before_ordinary_waiting() -> None:
    view = pod_with(
        containerStatuses=[
            {"state": {"waiting": {"reason": "PodInitializing"}}},
            {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}},
        ]
    )
    assert (view.waiting_reason, view.waiting_message) == ("ImagePullBackOff", "no such image")


def test_an_unschedulable_pod_says_why() -> None:
    condition = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}
    view = pod_with(conditions=[condition, {"type": "DisruptionTarget", "status": "True"}])
    assert (view.scheduled, view.schedule_message, view.disrupted) == (False, "0/3 nodes", True)


@pytest.mark.parametrize(
    ("conditions", "outcome"),
    [((), "Active"), (("Complete",), "Complete"), (("Failed",), "Failed"), (("FailureTarget",), "Active")],
)
def test_outcome_of_a_job(conditions: tuple[str, ...], outcome: str) -> None:
    view = view_of("Job", objects.job("j", OWNER, conditions))
    assert isinstance(view, JobView)
    assert view.outcome == outcome


def test_a_failed_job_ended_when_its_condition_came() -> None:
    raw = objects.job("j", OWNER)
    raw["status"]["conditions"] = [
        {
            "type": "Failed",
            "status": "True",
            "reason": "R",
            "message": "M",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        }
    ]
    view = view_of("Job", raw)
    assert isinstance(view, JobView)
    assert view.finished_at is not None
    assert view.finished_at.isoformat() == "2026-01-02T03:04:05+00:00"


def test_foreign_annotations_are_not_kept() -> None:
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": "x" * 1000,
        f"{names.GROUP}/promote": "y",
    }
    view = view_of("Deployment", objects.resource("Deployment", "d", annotations=annotations))
    assert dict(view.meta.annotations) == {f"{names.GROUP}/promote": "y"}


def test_the_owner_of_a_child_is_read_from_its_labels() -> None:
    assert owner_key(view_of("Job", objects.job("j", OWNER)).meta) == Key("team", "TrainingRun", "run")
    assert owner_key(view_of("Job", objects.job("j", ("Foo", "run"))).meta) is None


def test_a_record_is_opened_and_a_broken_one_is_not_hidden() -> None:
    good, broken = (
        view_of("ControllerRevision", objects.revision("r", OWNER, d)) for d in (STAGE, {"record": "stage"})
    )
    assert isinstance(good, StoredRecord)
    assert isinstance(broken, StoredRecord)
    record = open_record(good).record
    assert record is not None
    assert record.dump()["stage"] == "train"
    assert open_record(broken).record is None


def test_spec_and_status_come_as_they_are() -> None:
    raw = objects.resource("TrainingRun", "run", {"datasetRef": {"name": "pack"}})
    raw["status"] = {"phase": "Rubbish", "conditions": [{"type": "Ready", "status": "True"}]}
    view = view_of("TrainingRun", raw)
    assert isinstance(view, Resource)
    assert (view.spec, view.status) == (raw["spec"], raw["status"])
