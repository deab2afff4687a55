"""X15 and X16: what is told has fields, severity and a known code; telling never costs the work itself."""

from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.audit import AuditRecord
from sluice_api.contracts.envelope import ExitCode
from sluice_api.reasons import REASONS
from sluice_operator.adapters.cluster.errors import Unavailable
from sluice_operator.adapters.cluster.events import Recorder, event_of
from sluice_operator.model import EventNote, Resource
from sluice_operator.views import view_of
from support import objects
from support.quickstart import LABELS, Stages, quickstart, run_spec
from support.simcluster import SimCluster


def links(cluster: SimCluster) -> list[AuditRecord]:
    found = (r["data"] for r in cluster.of("ControllerRevision") if r["data"]["record"] == "audit")
    return sorted(map(AuditRecord.parse, found), key=lambda r: r.sequence)


def deployment() -> Resource:
    view = view_of("Deployment", objects.resource("Deployment", "live"))
    assert isinstance(view, Resource)
    return view


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_X15_an_event_has_fields_severity_code_and_a_link_to_its_object(reason: reasons.Reason) -> None:
    event = event_of(deployment(), EventNote(reason, "what happened"), "operator-1")
    assert (event["type"], event["reason"], event["action"]) == (reason.severity, reason.camel, reason.camel)
    assert event["type"] in ("Normal", "Warning")
    assert event["note"] == "what happened"
    assert event["regarding"]["uid"] == deployment().meta.uid
    assert event["regarding"]["kind"] == "Deployment"
    assert event["reportingInstance"] == "operator-1"


def test_X15_links_have_known_codes_and_outcomes_name_their_intent() -> None:
    cluster = quickstart()
    cluster.settle()
    cluster.add("TrainingRun", "better", run_spec(2), LABELS)
    cluster.settle()
    chain = links(cluster)
    assert len(chain) == 4
    assert {r.reason for r in chain} <= REASONS.keys()
    announced = {r.sequence for r in chain if r.phase == "intended"}
    assert {r.intent for r in chain if r.phase == "done"} == announced
    assert [r.previous_hash for r in chain] == [None, *(r.hash for r in chain[:-1])]


def test_X15_an_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError):
        REASONS["somebody_made_this_up"]
    cluster = quickstart()
    cluster.settle()
    with pytest.raises(ValueError, match="reason"):
        AuditRecord.parse(links(cluster)[0].dump() | {"reason": "Not A Code"})


class BrokenSink:
    """Events cannot be posted."""

    def __init__(self) -> None:
        self.tried = 0

    async def send(self, request: Any) -> dict[str, Any]:
        self.tried += 1
        raise Unavailable(503, f"{request.path} is away")


def test_X15_with_a_broken_sink_the_work_goes_on() -> None:
    cluster, sink = quickstart(), BrokenSink()
    cluster.operator._reconciler._recorder = Recorder(sink, "operator-1")  # type: ignore[arg-type]
    cluster.settle()
    assert sink.tried > 0
    assert [r.phase for r in links(cluster)] == ["intended", "done"]
    status = cluster.objects["Deployment", "live"]["status"]
    assert next(c for c in status["conditions"] if c["type"] == "Ready")["status"] == "True"


def test_X16_a_failure_in_the_middle_leaves_no_result_and_one_event() -> None:
    stages = Stages(faults=[(int(ExitCode.INPUT_WRONG), None, reasons.SOURCE_NOT_FOUND.code)])
    cluster = quickstart(stages)
    cluster.settle()
    broken = next(n for n in ("gold", "train") if "digest" not in cluster.objects["DatasetPack", n]["status"])
    record = [
        r["data"]
        for r in cluster.of("ControllerRevision")
        if r["metadata"]["labels"]["sluice.dev/owner"] == broken
    ]
    assert [(r["outcome"], r.get("report")) for r in record] == [("Failed", None)]
    told = [
        t.note
        for t in cluster.operator.recorder.told
        if t.key.name == broken and t.note.reason is reasons.SOURCE_NOT_FOUND
    ]
    assert len({n.message for n in told}) == len(told)
    assert sum("attempt 1" in n.message for n in told) == 1
