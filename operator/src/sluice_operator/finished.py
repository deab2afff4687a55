"""Finished runs as planners see them: plain values, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from sluice_api.chat import TemplateArgument
from sluice_api.common import UriDigest
from sluice_api.contracts.reports import ArtifactResult

_UNKNOWN = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A finished run."""

    name: str
    uid: str
    artifact: ArtifactResult
    adopted: bool
    base: UriDigest
    """The model that training started from."""
    fingerprint: str
    """Identity of what was trained: a run with the same one adopts the artifact."""
    template_arguments: tuple[TemplateArgument, ...] = ()
    """Arguments of the chat template that it was trained with; its artifact holds them."""


Age = tuple[datetime, str, str]


def age(artifact: ArtifactResult) -> tuple[datetime, str]:
    """Order of artifacts: by the time they were made; the digest decides between equal times."""
    try:
        return datetime.fromisoformat(artifact.completed_at), artifact.digest
    except ValueError:  # the pattern of a timestamp allows a thirteenth month
        return _UNKNOWN, artifact.digest


def age_of(run: RunFacts) -> Age:
    """Order of the runs of a namespace; no two of them share one."""
    return (*age(run.artifact), run.name)


@dataclass(frozen=True)
class FinishedRuns:
    """Finished runs that a gate selects."""

    newest_first: tuple[RunFacts, ...] = ()
    by_digest: Mapping[str, tuple[RunFacts, ...]] = field(default_factory=dict)
    """The same by the artifact that they made, or adopted."""

    @classmethod
    def of(cls, *newest_first: RunFacts) -> Self:
        """These runs."""
        found: dict[str, tuple[RunFacts, ...]] = {}
        for run in newest_first:
            found[run.artifact.digest] = (*found.get(run.artifact.digest, ()), run)
        return cls(newest_first, found)

    def made(self, digest: str) -> tuple[RunFacts, ...]:
        """Runs that made, or adopted, an artifact; newest first."""
        return self.by_digest.get(digest, ())
