"""What a TrainingRun made."""

from dataclasses import dataclass

from sluice_api.common import UriDigest
from sluice_api.contracts.reports import ArtifactResult, PackageResult, PrepareResult
from sluice_operator.facts.stages import successes
from sluice_operator.model import Related


@dataclass(frozen=True)
class RunFacts:
    """A finished run."""

    name: str
    uid: str
    artifact: ArtifactResult
    adopted: bool
    prepared: PrepareResult

    @property
    def base(self) -> UriDigest:
        """The model that training started from."""
        return self.prepared.base


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
    meta = related.resource.meta
    if ready.artifact is not None:
        return RunFacts(meta.name, meta.uid, ready.artifact, True, ready)
    for record in successes(related, "package"):
        result = record.result
        if isinstance(result, PackageResult):
            return RunFacts(meta.name, meta.uid, result.artifact, False, ready)
    return None
