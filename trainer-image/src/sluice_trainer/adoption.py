"""Which finished work is taken over instead of being done again: what a marker must say for that. No I/O.

Anybody who holds the store's key may have written a marker, so whatever it says may be junk.
"""

from sluice_api.contracts.envelope import Envelope, Report
from sluice_api.contracts.manifests import Marker
from sluice_api.contracts.reports import ArtifactResult, PackageResult
from sluice_api.layout import stage_key

MEASURES = frozenset({"verify", "ledger"})
"""Stages that say how the world is now: what an earlier attempt found is never told again."""


def report_of(marker: Marker) -> Report | None:
    """The report of finished work as its marker keeps it; None when that is none."""
    try:
        report = Report.parse_stored(marker.report)
        return report if report.typed_result() is not None else None
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def answers(marker: Marker, envelope: Envelope) -> bool:
    """Whether a marker speaks of this very request, and of a folder below it."""
    report = report_of(marker)
    return (
        report is not None
        and (report.stage, report.request_hash) == (envelope.stage, envelope.request_hash)
        and report.folder == marker.folder
        and marker.folder.startswith(f"{stage_key(envelope.stage, envelope.request_hash)}/")
    )


def is_named(marker: Marker, key: str) -> bool:
    """Whether a marker of finished work belongs to that name."""
    return marker.named_key == key and report_of(marker) is not None


def artifact_of(marker: Marker, key: str) -> ArtifactResult | None:
    """The artifact that a run left under its fingerprint, or None when the marker does not speak of it."""
    report = report_of(marker) if is_named(marker, key) else None
    result = report.typed_result() if report is not None else None
    if not isinstance(result, PackageResult) or result.artifact.digest != marker.manifest_digest:
        return None
    return result.artifact
