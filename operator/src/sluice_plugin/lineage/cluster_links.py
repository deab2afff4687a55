"""The part of the chain that lives in the cluster: Service, slot, revision, audit records, verdict. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from sluice_api import meta
from sluice_api.audit import AuditRecord, Live
from sluice_api.records import RevisionRecord
from sluice_operator.children import serving
from sluice_operator.facts import live as facts
from sluice_operator.facts.run import run_facts
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import Related
from sluice_operator.plans.subset import is_subset
from sluice_plugin.lineage.link import Link, link


def service_link(related: Related, live: Live) -> Link:
    """Traffic goes where the audit says that it goes."""
    service = facts.public_service(related)
    if service is None:
        problem = "the public Service is missing"
    elif not facts.carries(service, live.transition, live.slot):
        slot = service.selector.get(meta.LABEL_SLOT, "nothing")
        number = service.meta.annotations.get(meta.ANNOTATION_TRANSITION, "none")
        problem = f"it selects {slot} by transition {number}, the audit says {live.slot} by {live.transition}"
    else:
        problem = ""
    return link("service", related.resource.meta.name, problem, f"selects {live.slot} since {live.since}")


def slot_link(related: Related, live: Live, record: RevisionRecord | None) -> Link:
    """The slot runs what its revision says, and nothing was changed in it."""
    slot = next((s for s in related.slots if s.meta.name == live.slot), None)
    if slot is None:
        return link("slot", live.slot, "there is no such slot", "")
    found = slot.meta.annotations.get(meta.ANNOTATION_DIGEST, "")
    if found != live.digest:
        return link("slot", live.slot, f"it serves {found or 'nothing'}, the audit says {live.digest}", "")
    if record is not None:
        manifest = serving.slot(related.resource, live.slot, dict(record.template), 0, 1)
        if not is_subset(manifest["spec"]["template"], slot.spec.get("template", {})):
            return link("slot", live.slot, "its Pod template is not that of its revision", "")
    return link("slot", live.slot, "", f"{slot.available_replicas} of {slot.replicas} Pods available")


def revision_link(live: Live, record: RevisionRecord | None) -> Link:
    """The revision record speaks of the same slot and digest."""
    name = f"revision {live.revision}"
    if record is None:
        return link("revision", name, "its record is missing or cannot be read", "")
    if (record.slot, record.artifact.digest) != (live.slot, live.digest):
        return link("revision", name, f"its record speaks of {record.slot} and {record.artifact.digest}", "")
    return link("revision", name, "", f"run {record.run}, gate {record.gate}, {record.cause}")


def audit_link(chain: Sequence[AuditRecord]) -> Link:
    """No record that is kept here was changed, and none between them is missing."""
    newest = chain[-1]
    torn = [(a, b) for a, b in pairwise(chain) if not _follows(a, b)]
    problem = f"record {torn[0][1].sequence} does not follow record {torn[0][0].sequence}" if torn else ""
    return link("audit", f"{len(chain)} records", problem, f"head {newest.sequence} {newest.hash}")


def verdict_link(record: RevisionRecord) -> Link:
    """The verdict that let the revision in is a Pass about this digest."""
    verdict = record.sealed_verdict
    problem = ""
    if verdict.digest != record.artifact.digest:
        problem = f"it speaks of {verdict.digest}"
    elif verdict.verdict != "Pass":
        problem = f"it is {verdict.verdict}: {verdict.message}"
    suites = ", ".join(f"{s.suite} {s.digest}" for s in verdict.suite_digests)
    return link("verdict", f"gate {record.gate}", problem, f"Pass at {verdict.evaluated_at}; suites {suites}")


def run_link(run: Related | None, record: RevisionRecord) -> Link:
    """The run's own records name the artifact. A run may be deleted; the store still proves what it made."""
    if run is None:
        return Link("run", record.run, "note", "the run was deleted; the chain goes on in the store")
    found = run_facts(run)
    if found is None or run.resource.meta.uid != record.sealed_verdict.run_uid:
        return Link("run", record.run, "note", "a namesake that did not make this artifact")
    if found.artifact.digest != record.artifact.digest:
        return link("run", record.run, f"its records say {found.artifact.digest}", "")
    return link("run", record.run, "", "adopted the artifact" if found.adopted else "made the artifact")


def report_digests(run: Related | None) -> dict[str, str]:
    """Digests of reports by folder, as the run's own records tell them."""
    records = stage_records(run) if run is not None else ()
    return {r.folder: r.report_digest for r in records if r.folder and r.report_digest}


def _follows(before: AuditRecord, after: AuditRecord) -> bool:
    return after.chain == before.chain and (after.sequence, after.previous_hash) == (
        before.sequence + 1,
        before.hash,
    )
