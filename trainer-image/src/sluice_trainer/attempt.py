"""One attempt at a request: look for finished work, else run the stage, then record what it made.

The order of writing is what makes a crash harmless: files, manifest, report, and only then the markers.
"""

import logging
import platform
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from sluice_api import reasons
from sluice_api.base import ApiModel
from sluice_api.contracts.bytecount import compact_json
from sluice_api.contracts.envelope import Report
from sluice_api.contracts.manifests import REPORT_NAME, Marker
from sluice_api.errors import NothingToReport
from sluice_api.hashing import digest_of_bytes
from sluice_api.layout import named_key, stage_key
from sluice_store import markers
from sluice_trainer.context import Context, Output
from sluice_trainer.runtime import timestamp
from sluice_trainer.stages import load

_VERSIONED = ("sluice-trainer", "torch", "transformers", "peft", "tokenizers", "safetensors")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """What is tried, and since when."""

    request: ApiModel
    ctx: Context
    started_at: datetime
    report_only: bool

    def run(self) -> Report | None:
        """The report of finished work, found or made. None for a stage that keeps nothing in the store."""
        if (report := self._finished()) is not None:
            return report
        if self.report_only:
            raise NothingToReport(reasons.NOTHING_TO_REPORT, "no complete work for this request was found")
        output = load(self.ctx.envelope.stage)(self.request, self.ctx)
        return None if output is None else self._record(output)

    def _finished(self) -> Report | None:
        """The report of an earlier attempt, when every byte that it made is still right."""
        envelope, store = self.ctx.envelope, self.ctx.store
        marker = markers.verified(store, stage_key(envelope.stage, envelope.request_hash))
        if marker is None:
            return None
        self._name(marker)
        _log.info("finished work was found", extra={"facts": {"folder": marker.folder}})
        return Report.parse(marker.report)

    def _record(self, output: Output) -> Report:
        """Write report and markers. Whoever put the marker first is who reports."""
        ctx, envelope = self.ctx, self.ctx.envelope
        report = Report(
            stage=envelope.stage,
            request_hash=envelope.request_hash,
            folder=ctx.folder,
            result=output.result.dump(),
            started_at=timestamp(self.started_at),
            finished_at=timestamp(ctx.clock.now()),
        )
        long_form = compact_json(self._long_form(report, output))
        ctx.store.write(f"{ctx.folder}/{REPORT_NAME}", long_form)
        report = report.model_copy(update={"report_digest": digest_of_bytes(long_form)})
        marker = Marker(
            folder=ctx.folder,
            manifest_digest=output.manifest.digest,
            report_digest=report.report_digest,
            report=report.dump(),
            named_key=named_key(*output.named) if output.named else None,
            created_at=report.finished_at,
        )
        winner = markers.publish(ctx.store, stage_key(envelope.stage, envelope.request_hash), marker)
        self._name(winner)
        if winner.folder != marker.folder:
            _log.info("another attempt was first", extra={"facts": {"folder": winner.folder}})
        return Report.parse(winner.report)

    def _name(self, marker: Marker) -> None:
        """Make the work findable by its content as well; who was first there stays."""
        if marker.named_key is not None:
            markers.publish(self.ctx.store, marker.named_key, marker)

    def _long_form(self, report: Report, output: Output) -> dict[str, object]:
        envelope = self.ctx.envelope
        return {
            "report": report.dump(),
            "namespace": envelope.namespace,
            "owner": envelope.owner,
            "attempt": envelope.attempt,
            "request": envelope.request,
            "manifestDigest": output.manifest.digest,
            "versions": _versions(),
        }


def _versions() -> dict[str, str]:
    """Versions of what shapes results, as far as it is installed."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
