"""What a slot's init container says about the artifact: the operator itself never reads the store."""

from sluice_api import reasons
from sluice_api.contracts.envelope import ExitCode, request_hash
from sluice_api.reasons import REASONS, Reason
from sluice_api.records import RevisionRecord
from sluice_operator.children import serving
from sluice_operator.plans.ended import read_report
from sluice_operator.plans.promotion.scene import Scene


def broken_artifact(scene: Scene, target: RevisionRecord) -> tuple[Reason, str] | None:
    """Why the slot of a revision cannot be built: its artifact is gone or changed."""
    asked = request_hash("fetch", serving.fetch_request(target.artifact))
    for pod in scene.slot_pods(target.slot):
        if pod.exit_code != ExitCode.INPUT_WRONG:
            continue
        report = read_report(pod.termination_message, "fetch", asked)
        if report is not None and report.failure is not None:
            reason = REASONS.get(report.failure.reason, reasons.ARTIFACT_DIGEST_MISMATCH)
            return reason, report.failure.message
    return None
