"""What a running operator tells Prometheus: every name, its Events, and series that go with their object."""

import re
from collections import Counter

from sluice_operator.metrics import FAMILIES
from support.flow import apply_quickstart
from support.operator_process import MakeOperator, OperatorProcess
from support.pod_driver import PodDriver
from support.quickstart import Stages
from support.teamspace import Teamspace

TYPE = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
EVENT = re.compile(r'^sluice_events_total\{.*reason="(\w+)".*\} (\S+)$', re.MULTILINE)


def told(operator: OperatorProcess) -> str:
    return operator.get("/metrics")[1]


def events(space: Teamspace) -> Counter[str]:
    """Events in the namespace, by reason."""
    found = space.api.call("GET", f"/apis/events.k8s.io/v1/namespaces/{space.name}/events").body["items"]
    return Counter(e["reason"] for e in found if e.get("reportingController") == "sluice-operator")


def counted(operator: OperatorProcess) -> Counter[str]:
    """The same, as counters tell it."""
    reasons: Counter[str] = Counter()
    for reason, number in EVENT.findall(told(operator)):
        reasons[reason] += int(float(number))
    return reasons


def test_X13_metric_names_are_present_at_the_endpoint(space: Teamspace, make_operator: MakeOperator) -> None:
    with make_operator() as operator:
        assert dict(TYPE.findall(told(operator))) == {f.name: f.type for f in FAMILIES.values()}


def test_the_story_of_a_model_is_told_and_ends_with_its_objects(
    space: Teamspace, make_operator: MakeOperator
) -> None:
    apply_quickstart(space)
    mine = f'name="live",namespace="{space.name}"'
    with make_operator() as operator, PodDriver(space, Stages()):
        space.wait_condition("Deployment", "live", "Ready", seconds=120)
        space.wait("a promotion", lambda: operator.metric("sluice_modeldeployment_promotions_total") == 1)
        digest = space.get("Deployment", "live")["status"]["active"]["digest"].removeprefix("sha256:")
        text = told(operator)
        assert (
            f'sluice_modeldeployment_active_info{{digest_short="{digest[:12]}",{mine},run="good"}} 1.0'
            in text
        )
        assert f'sluice_modeldeployment_promotions_total{{cause="automatic",{mine}}} 1.0' in text
        assert re.search(r'sluice_evalgate_verdict\{.*verdict="Pass"\} 1.0', text)
        assert operator.metric("sluice_trainingrun_attempts") >= 3
        space.wait("an Event for each count", lambda: counted(operator) == events(space))
        assert counted(operator)["Promoted"] == 1
        space.delete("Deployment", "live")
        space.wait("its series go", lambda: mine not in told(operator))
        assert operator.metric("sluice_evalgate_verdict") == 1
