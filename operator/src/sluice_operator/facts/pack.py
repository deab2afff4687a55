"""What a DatasetPack became."""

from dataclasses import dataclass

from sluice_api.common import UriDigest
from sluice_api.contracts.reports import PackResult
from sluice_api.datasetpack import Task
from sluice_api.metrics import ACCURACY, EXACT_MATCH, NORMALIZED_MATCH, SQUAD_EM
from sluice_operator import raw
from sluice_operator.facts.stages import successes
from sluice_operator.model import Related

RETRY_LIMIT = 3
"""Failed attempts to pack before a pack is given up."""


@dataclass(frozen=True)
class PackFacts:
    """A finished pack."""

    purpose: str
    task: Task
    digest: str
    manifest: UriDigest
    result: PackResult
    labels: int = 0
    """Labels of a classification task; a suite asks for no others."""

    def contradicting(self, metric: str) -> int:
        """Rows that no model can have right by a metric; 0 where the metric is no share of right rows."""
        count = self.result.contradictions
        if count is None:
            return 0
        known = {
            ACCURACY.name: count.rows,
            EXACT_MATCH.name: count.rows,
            NORMALIZED_MATCH.name: count.in_any_form,
            SQUAD_EM.name: count.in_any_form,
        }
        return known.get(metric, 0)

    def rows(self, split: str) -> int:
        """Rows of a split; 0 when there is none."""
        return next((s.rows for s in self.result.splits if s.name == split), 0)


def pack_facts(related: Related) -> PackFacts | None:
    """Facts of a pack, or None while it is not finished. The spec is immutable, so any success counts."""
    for record in successes(related, "pack"):
        result = record.result
        if isinstance(result, PackResult) and result.digest and result.manifest:
            spec = related.resource.spec
            task: Task = "Classification" if spec.get("task") == "Classification" else "Chat"
            purpose = str(spec.get("purpose", "Train"))
            labels = result.labels or len(list(raw.mapping(spec, "classification").get("labels", ())))
            return PackFacts(purpose, task, result.digest, result.manifest, result, labels)
    return None
