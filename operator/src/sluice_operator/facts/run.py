"""What a TrainingRun made."""

from sluice_api.contracts.reports import ArtifactResult, PackageResult, PrepareResult
from sluice_operator.facts.stages import successes
from sluice_operator.finished import RunFacts
from sluice_operator.model import Related


def prepared(related: Related) -> PrepareResult | None:
    """What prepare resolved, or None."""
    for record in successes(related, "prepare"):
        result = record.result
        if isinstance(result, PrepareResult):
            return result
    return None


def run_facts(related: Related) -> RunFacts | None:
    """Facts of a run, or None while it has no artifact."""
    ready = prepared(related)
    if ready is None:
        return None
    if ready.artifact is not None:
        return _facts(related, ready, ready.artifact, adopted=True)
    packaged = (record.result for record in successes(related, "package"))
    made = next((r.artifact for r in packaged if isinstance(r, PackageResult)), None)
    return _facts(related, ready, made, adopted=False) if made is not None else None


def _facts(related: Related, ready: PrepareResult, artifact: ArtifactResult, *, adopted: bool) -> RunFacts:
    meta = related.resource.meta
    return RunFacts(meta.name, meta.uid, artifact, adopted, ready.base, ready.fingerprint)
