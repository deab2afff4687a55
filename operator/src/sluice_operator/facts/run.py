"""What a TrainingRun made."""

from collections.abc import Mapping
from typing import Any

from sluice_api.chat import Chat, TemplateArgument
from sluice_api.contracts.reports import ArtifactResult, PackageResult, PrepareResult
from sluice_operator import raw
from sluice_operator.facts.stages import successes
from sluice_operator.finished import RunFacts
from sluice_operator.model import Related


def retry_limit(related: Related) -> int:
    """How many attempts of a stage may fail, as far as the spec tells."""
    found = raw.mapping(related.resource.spec, "retry").get("limit", 3)
    return found if isinstance(found, int) else 3


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
    arguments = _template_arguments(related.resource.spec)
    return RunFacts(meta.name, meta.uid, artifact, adopted, ready.base, ready.fingerprint, arguments)


def _template_arguments(spec: Mapping[str, Any]) -> tuple[TemplateArgument, ...]:
    try:
        return Chat.parse(raw.mapping(spec, "chat")).template_arguments
    except ValueError:  # written by a version that knows more
        return ()
